import { metrics } from './telemetry/metrics.ts';
import { requestIds } from './telemetry/request-ids.ts';
import { traces } from './telemetry/traces.ts';

requestIds();
traces();
metrics();
