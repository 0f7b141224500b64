import { afterAll } from '@jest/globals';
import { wholeExport } from './lists/export.ts';
import { laterPages } from './lists/later.ts';
import { pages } from './lists/paging.ts';
import { deployment } from './lists/scene.ts';

afterAll(() => deployment.close());

pages();
laterPages();
wholeExport();
