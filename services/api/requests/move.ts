import { z } from 'zod';
import { toHex } from '../../../protocol/index.ts';
import type { Vault } from '../../pipeline/ports/vault.ts';
import type { AppRegister } from '../app-register.ts';
import { mayHaveRoot } from '../groups/root-of-app.ts';
import { ApiProblem } from '../problems.ts';
import { requestId } from '../shapes.ts';
import { defineHandler } from './handler.ts';
import { EFFECTIVE_WITHIN_SECONDS } from './new-epoch.ts';

export interface MoveDeps {
  readonly apps: Pick<AppRegister, 'find'>;
  readonly vault: Pick<Vault, 'transit' | 'prepare' | 'roots'>;
}

/** There is always a later epoch to begin, however many grants end. */
const LAST_MOVE_EPOCH = 2 ** 31 - 1;

/** Changes who encrypts: a new root version, so that what is on its way is still judged by the one it was sealed under. */
export const move = ({ apps, vault }: MoveDeps) =>
  defineHandler<'move', Awaited<ReturnType<Vault['prepare']>> | null>({
    kind: 'move',
    path: '/v1/moves',
    access: { kind: 'write' },
    note: 'The token is needed only for a wallet that is new in an app that is not open.',
    status: 200,
    summary: 'Change who encrypts',
    answer: z.object({
      id: requestId,
      mode: z.enum(['service', 'client']),
      rootVersion: z.int(),
      effectiveWithinSeconds: z.int(),
    }),
    problems: {
      403: '`app_closed`',
      409: '`same_mode`, `not_prepared`, `epoch_behind`, `subject_taken`',
      410: '`erased`',
      422: '`epoch_too_high`, or a code of the protocol',
    },
    async before({ request, owner, appToken }) {
      await mayHaveRoot({ apps, vault }, owner, appToken);
      if (request.content.mode !== 'service') return null;
      // Whoever has no root yet gets one that counts; whoever is erased gets none that waits.
      const [transit] = await vault.transit([owner]);
      return transit ? vault.prepare(owner) : null;
    },
    async run({ request }, effects, prepared) {
      const { mode, subject, epoch } = request.content;
      if (epoch > LAST_MOVE_EPOCH) throw new ApiProblem('epoch_too_high');
      const root = await effects.root();
      if (root?.erased) throw new ApiProblem('erased');
      if ((root?.mode ?? 'service') === mode && root) throw new ApiProblem('same_mode');
      if (root && epoch < root.epoch) throw new ApiProblem('epoch_behind');
      const done = (rootVersion: number) => ({
        id: request.id,
        mode,
        rootVersion,
        effectiveWithinSeconds: EFFECTIVE_WITHIN_SECONDS,
      });
      if (mode === 'client') {
        if (await effects.subjectTaken(subject)) throw new ApiProblem('subject_taken');
        return done(await effects.newClientRoot(subject, epoch));
      }
      if (!prepared || toHex(prepared.subject) !== toHex(subject)) throw new ApiProblem('not_prepared');
      if (!(await effects.activate(prepared.rootVersion, epoch))) throw new ApiProblem('not_prepared');
      return done(prepared.rootVersion);
    },
  });
