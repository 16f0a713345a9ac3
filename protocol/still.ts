/**
 * Moves a secret to where the garbage collector does not copy it: engines keep short arrays inside their own heap, and every move would
 * leave a copy behind that nobody can overwrite. The source is overwritten.
 */
export function still(secret: Uint8Array): Uint8Array {
  const moved = new Uint8Array(new ArrayBuffer(secret.length));
  moved.set(secret);
  secret.fill(0);
  return moved;
}
