import { batches } from './transfers/batches.ts';
import { connectionToken } from './transfers/connection-token.ts';
import { cancellation } from './transfers/cancellation.ts';
import { singleRequests } from './transfers/single-requests.ts';

batches();
singleRequests();
connectionToken();
cancellation();
