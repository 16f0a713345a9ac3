export { ROOMS, type RoomName } from '../services/pipeline/config.ts';
