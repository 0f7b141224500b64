import { metadata } from './link/metadata.ts';
import { requests } from './link/requests.ts';
import { withoutRedirect } from './link/without-redirect.ts';
import { scene } from './link/scene.ts';

scene();
metadata();
requests();
withoutRedirect();
