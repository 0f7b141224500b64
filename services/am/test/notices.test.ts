import { afterAll } from '@jest/globals';
import { byMail } from './notices/by-mail.ts';
import { byPush } from './notices/by-push.ts';
import { page } from './notices/page.ts';
import { deployment, mail, pushService } from './notices/scene.ts';

afterAll(async () => {
  await deployment.close();
  await Promise.all([mail.close(), pushService.close()]);
});

byMail();
byPush();
page();
