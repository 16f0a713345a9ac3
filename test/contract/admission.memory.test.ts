import { createMemoryAdmission } from '../../connectors/postgres/memory-admission.ts';
import { admissionContract } from './admission.ts';

admissionContract('memory', async () => {
  const admission = createMemoryAdmission();
  return { admission, putErasure: admission.putErasure };
});
