export { ALL_ROOMS, ROOMS, type RoomName } from '../services/pipeline/variables.ts';
