import { batches } from './transfers/batches.ts';
import { connectionToken } from './transfers/connection-token.ts';
import { leaving } from './transfers/leaving.ts';
import { oneByOne } from './transfers/one-by-one.ts';

batches();
oneByOne();
connectionToken();
leaving();
