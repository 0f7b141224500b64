import { afterEach } from '@jest/globals';
import { connecting } from './guard/connecting.ts';
import { destinations } from './guard/destinations.ts';
import { closeAll } from './servers.ts';

afterEach(closeAll);

destinations();
connecting();
