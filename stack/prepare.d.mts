/** Called with a part's name and what it is doing now. */
export type Progress = (part: string, state: string) => void;
/** `DDC_CACHE`, or `~/.cache/cere-ddc`; shared between clones and processes. */
export function cacheFolder(): string;
/**
 * What a pom needs to run.
 * @param recipe folder relative to the project, with `pom.xml` and `jars.sha256`
 * @returns the folder with the jars
 */
export function prepareJars(name: string, recipe: string, progress?: Progress): Promise<string>;
/** @returns the folder with Kafka's jars. */
export function prepareKafka(progress?: Progress): Promise<string>;
/** @returns the folder with the registry's runner jar. */
export function prepareRegistry(progress?: Progress): Promise<string>;
/** No part of the stack: a target of exports, for its tests. @returns the folder with OpenSearch's jars. */
export function prepareOpenSearch(progress?: Progress): Promise<string>;
/** @returns the path of an `ipfs` binary of at least 0.30. */
export function prepareKubo(progress?: Progress): Promise<string>;
/** Downloads and builds everything the native parts need. */
export function prepareAll(progress?: Progress): Promise<void>;
/**
 * `<cache>/<key>`, complete or absent: made by `make(folder)` in a temporary folder and renamed, once even when several processes ask.
 * @param lock name of what may not run twice at once
 */
export function cached(key: string, lock: string, make: (folder: string) => Promise<void>): Promise<string>;
/** Runs `work` while no other process or clone runs what has this name, by a lock in the cache folder. */
export function locked<T>(cache: string, name: string, work: () => Promise<T>): Promise<T>;
