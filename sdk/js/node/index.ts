export { fileQueue } from './file-queue.ts';
