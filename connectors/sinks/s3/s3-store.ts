import { createReadStream, createWriteStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  AbortMultipartUploadCommand,
  CopyObjectCommand,
  DeleteObjectsCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  paginateListObjectsV2,
  type S3Client,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { answered, statusOf } from './answers.ts';
import { followClock } from './client.ts';
import type { Listed, ObjectStore, Read } from './store.ts';

/** Parts of an upload; what is smaller goes in one piece. */
const PART_BYTES = 16 * 1024 * 1024;
const PARTS_AT_ONCE = 2;
/** The most that one request deletes. */
const NAMES = 1_000;
/** Writers that get in each other's way are told so (409), not who was first: asked again, the store says. */
const TRIES = 5;
const NOT_MODIFIED = 304;

/** The bucket's part below `prefix`, which is empty or ends with a slash. */
export function s3Store(client: S3Client, bucket: string, prefix: string): ObjectStore {
  const clock = followClock(client);
  const key = (name: string) => prefix + name;
  const at = (name: string) => ({ Bucket: bucket, Key: key(name) });

  /** @returns false where the condition does not hold */
  async function putIf(name: string, text: string, condition: Partial<PutObjectCommandInput>): Promise<boolean> {
    for (let left = TRIES; ; left -= 1) {
      try {
        await client.send(
          new PutObjectCommand({ ...at(name), Body: text, ContentType: 'application/json', ...condition }),
        );
        return true;
      } catch (error) {
        if (answered(error, 'ConditionalRequestConflict') && left > 1) continue;
        // Asked again after an answer that was lost, the store refuses what it has taken: so the text decides.
        if (answered(error, 'PreconditionFailed')) return (await read(name))?.text === text;
        // Nothing stands there any more that could be replaced.
        if (answered(error, 'NoSuchKey')) return false;
        throw error;
      }
    }
  }

  async function body(name: string, unless?: string) {
    try {
      const condition = unless === undefined ? {} : { IfNoneMatch: unless };
      const { Body, ETag } = await client.send(new GetObjectCommand({ ...at(name), ...condition }));
      return Body === undefined ? null : { stream: Body, version: ETag ?? '' };
    } catch (error) {
      if (answered(error, 'NoSuchKey')) return null;
      throw error;
    }
  }

  async function read(name: string, known?: Read): Promise<Read | null> {
    try {
      const found = await body(name, known?.version);
      return found && { text: await found.stream.transformToString('utf8'), version: found.version };
    } catch (error) {
      if (known && statusOf(error) === NOT_MODIFIED) return known;
      throw error;
    }
  }

  return {
    address: `s3://${bucket}/${prefix}`,
    create: (name, text) => putIf(name, text, { IfNoneMatch: '*' }),
    replace: (name, text, version) => putIf(name, text, version === null ? { IfNoneMatch: '*' } : { IfMatch: version }),
    read,

    async upload(path, name) {
      if ((await stat(path)).size <= PART_BYTES) {
        // Not a stream, which could not be sent again.
        await client.send(new PutObjectCommand({ ...at(name), Body: await readFile(path) }));
        return;
      }
      const params = { ...at(name), Body: createReadStream(path) };
      await new Upload({ client, params, partSize: PART_BYTES, queueSize: PARTS_AT_ONCE }).done();
    },

    async download(name, path) {
      const found = await body(name);
      if (found) await pipeline(found.stream as Readable, createWriteStream(path));
      return found !== null;
    },

    async copy(from, to, over) {
      const source = [bucket, ...key(from).split('/')].map(encodeURIComponent).join('/');
      try {
        await client.send(
          new CopyObjectCommand({ ...at(to), CopySource: source, ...(over ? {} : { IfNoneMatch: '*' }) }),
        );
        return true;
      } catch (error) {
        if (answered(error, 'NoSuchKey')) return false;
        if (!over && answered(error, 'PreconditionFailed')) return true;
        throw error;
      }
    },

    async remove(names) {
      for (let n = 0; n < names.length; n += NAMES) {
        const Objects = names.slice(n, n + NAMES).map((name) => ({ Key: key(name) }));
        const { Errors = [] } = await client.send(
          new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } }),
        );
        const failed = Errors.find(({ Code }) => Code !== 'NoSuchKey');
        if (failed)
          throw Object.assign(new Error(failed.Message ?? 'an object was not deleted'), { name: failed.Code });
      }
    },

    async list(below) {
      const found: Listed[] = [];
      for await (const { Contents = [] } of paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: key(below) }))
        for (const { Key = '', Size = 0, LastModified } of Contents)
          found.push({ name: Key.slice(prefix.length), bytes: Size, time: LastModified?.getTime() ?? 0 });
      return found.sort((a, b) => (a.name < b.name ? -1 : 1));
    },

    async folders(below) {
      const found: string[] = [];
      const query = { Bucket: bucket, Prefix: key(below), Delimiter: '/' };
      for await (const { CommonPrefixes = [] } of paginateListObjectsV2({ client }, query))
        for (const { Prefix = '' } of CommonPrefixes) found.push(Prefix.slice(key(below).length, -1));
      return found.sort();
    },

    async unfinished(below) {
      const answer = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: key(below) }));
      return (answer.Uploads ?? []).flatMap(({ Key, UploadId }) =>
        Key && UploadId ? [{ name: Key.slice(prefix.length), id: UploadId }] : [],
      );
    },

    async abort({ name, id }) {
      try {
        await client.send(new AbortMultipartUploadCommand({ ...at(name), UploadId: id }));
      } catch (error) {
        if (!answered(error, 'NoSuchUpload')) throw error;
      }
    },

    async versions() {
      try {
        const { Status } = await client.send(new GetBucketVersioningCommand({ Bucket: bucket }));
        // Suspended keeps what was written before, also when it is deleted.
        return Status === 'Enabled' || Status === 'Suspended' ? 'kept' : 'none';
      } catch (error) {
        if (answered(error, 'NotImplemented', 'MethodNotAllowed')) return 'none';
        if (answered(error, 'AccessDenied')) return 'untold';
        throw error;
      }
    },

    now: clock,
    close: () => client.destroy(),
  };
}
