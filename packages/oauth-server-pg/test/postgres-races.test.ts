import { endsAndAllowances } from './postgres-races/ends-and-allowances.ts';
import { overlappingSteps } from './postgres-races/overlapping-steps.ts';
import { scene } from './postgres-races/scene.ts';

scene();
overlappingSteps();
endsAndAllowances();
