/** The rooms in the order of the flow; each is one process. */
export const ROOMS = ['api', 'encryptor', 'pinner', 'indexer', 'settler', 'exporter'] as const;
export type RoomName = (typeof ROOMS)[number];
