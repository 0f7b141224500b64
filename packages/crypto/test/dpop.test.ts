import { proofKey } from './dpop/proof-key.ts';
import { requestAndTime } from './dpop/request-and-time.ts';
import { tokenAndType } from './dpop/token-and-type.ts';

requestAndTime();
proofKey();
tokenAndType();
