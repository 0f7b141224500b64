import { afterEach } from '@jest/globals';
import { connecting } from './ssrf-policy/connecting.ts';
import { destinations } from './ssrf-policy/destinations.ts';
import { closeAll } from './servers.ts';

afterEach(closeAll);

destinations();
connecting();
