export { ROOMS, type RoomName } from '../services/pipeline/variables.ts';
