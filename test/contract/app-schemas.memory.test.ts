import { memoryAppSchemas } from '../../connectors/registry/index.ts';
import { appSchemasContract } from './app-schemas.ts';

appSchemasContract('the memory twin', memoryAppSchemas);
