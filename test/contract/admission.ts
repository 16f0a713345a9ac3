import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Admission, Candidate } from '../../services/pipeline/ports/admission.ts';
import type { Erasure } from '../../services/pipeline/ports/erasures.ts';

export interface AdmissionUnderTest {
  readonly admission: Admission;
  putErasure(id: Uint8Array, erasure: Erasure): Promise<void>;
}

const bytes32 = (fill: number) => new Uint8Array(32).fill(fill);
const candidate = (over: Partial<Candidate> & { origin: number }): Candidate => ({
  batchId: bytes32(1),
  app: bytes32(0xa),
  wallet: bytes32(0xb),
  rootVersion: 1,
  issuedAt: 1_000,
  retryOf: null,
  ...over,
});
const erasure = (over: Partial<Erasure>): Erasure => ({
  app: bytes32(0xa),
  wallet: bytes32(0xb),
  issuedAt: 500,
  fence: 0,
  rootVersions: [],
  ...over,
});

/** `open` gives an empty store. */
export function admissionContract(name: string, open: () => Promise<AdmissionUnderTest>): void {
  describe(`Admission: ${name}`, () => {
    let admission: Admission;
    let putErasure: AdmissionUnderTest['putErasure'];

    beforeEach(async () => {
      ({ admission, putErasure } = await open());
    });

    test('no candidates, no answers', async () => {
      expect(await admission.admit(0, [])).toEqual([]);
      expect(await admission.origins([])).toEqual([]);
    });

    test('the first record of a batch id gets in, another one is a duplicate, also within one call', async () => {
      expect(await admission.admit(0, [candidate({ origin: 5 }), candidate({ origin: 6 })])).toEqual([
        null,
        'duplicate',
      ]);
      expect(await admission.admit(0, [candidate({ origin: 7 })])).toEqual(['duplicate']);
    });

    test('the same record gets the same answer again', async () => {
      const pair = [candidate({ origin: 5 }), candidate({ origin: 6 })];
      expect(await admission.admit(0, pair)).toEqual(await admission.admit(0, pair));
    });

    test('an equal offset of another partition is another record', async () => {
      await admission.admit(0, [candidate({ origin: 5 })]);
      expect(await admission.admit(1, [candidate({ origin: 5 })])).toEqual(['duplicate']);
    });

    test('origins tells where ids got in', async () => {
      await admission.admit(2, [candidate({ origin: 9 }), candidate({ origin: 10, batchId: bytes32(2) })]);
      expect(await admission.origins([bytes32(2), bytes32(3), bytes32(1)])).toEqual([
        { partition: 2, origin: 10 },
        null,
        { partition: 2, origin: 9 },
      ]);
    });

    test('a retry takes the id over once, and the original becomes the duplicate', async () => {
      await admission.admit(0, [candidate({ origin: 5 })]);
      expect(await admission.admit(0, [candidate({ origin: 8, retryOf: 5 })])).toEqual([null]);
      expect(await admission.admit(0, [candidate({ origin: 9, retryOf: 5 })])).toEqual(['duplicate']);
      expect(await admission.admit(0, [candidate({ origin: 8, retryOf: 5 })])).toEqual([null]);
      expect(await admission.admit(0, [candidate({ origin: 5 })])).toEqual(['duplicate']);
      expect(await admission.origins([bytes32(1)])).toEqual([{ partition: 0, origin: 8 }]);
    });

    test('a retry of an id that never got in gets in', async () => {
      expect(await admission.admit(0, [candidate({ origin: 8, retryOf: 5 })])).toEqual([null]);
    });

    test('a retry does not take over what stands elsewhere', async () => {
      await admission.admit(1, [candidate({ origin: 5 })]);
      expect(await admission.admit(0, [candidate({ origin: 8, retryOf: 5 })])).toEqual(['duplicate']);
      expect(await admission.admit(1, [candidate({ origin: 8, retryOf: 4 })])).toEqual(['duplicate']);
    });

    test.each([
      ['before the fence', erasure({ fence: 6 }), candidate({ origin: 5 }), 'erased'],
      ['while the fence is not known', erasure({ fence: null }), candidate({ origin: 5 }), 'erased'],
      ['under an overwritten root', erasure({ rootVersions: [0, 1] }), candidate({ origin: 5 }), 'erased'],
      ['signed before the request', erasure({ issuedAt: 1_000 }), candidate({ origin: 5 }), 'erased'],
      ['after all of it', erasure({ fence: 5, rootVersions: [0] }), candidate({ origin: 5 }), null],
      ['unread, after all of it', erasure({ fence: 5 }), candidate({ origin: 5, issuedAt: null }), null],
      ['of another wallet', erasure({ fence: null, wallet: bytes32(0xc) }), candidate({ origin: 5 }), null],
      ['of another app', erasure({ fence: null, app: bytes32(0xc) }), candidate({ origin: 5 }), null],
    ])('a record %s of an erasure: %#', async (_name, removal, record, answer) => {
      await putErasure(new Uint8Array(16).fill(1), removal);
      expect(await admission.admit(0, [record])).toEqual([answer]);
    });

    test('a fence that becomes known lets later records in', async () => {
      const id = new Uint8Array(16).fill(1);
      await putErasure(id, erasure({ fence: null }));
      await putErasure(id, erasure({ fence: 6 }));
      const both = [candidate({ origin: 5 }), candidate({ origin: 6, batchId: bytes32(2) })];
      expect(await admission.admit(0, both)).toEqual(['erased', null]);
    });

    test('a thousand candidates in one call', async () => {
      const many = Array.from({ length: 1_000 }, (_, origin) => {
        const batchId = new Uint8Array(32);
        new DataView(batchId.buffer).setUint32(0, origin % 700);
        return candidate({ origin, batchId });
      });
      const answers = await admission.admit(3, many);
      expect(answers.filter((answer) => answer === null)).toHaveLength(700);
      expect(answers.slice(0, 700).every((answer) => answer === null)).toBe(true);
    });
  });
}
