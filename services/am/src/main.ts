import { describeException } from '@chatelaine/outbound-http';
import { run } from '@chatelaine/service-kit';
import { createApp } from './app.ts';
import { readConfig } from './config.ts';
import { openResources } from './resources.ts';

await run(async () => {
  const config = readConfig();
  const app = await createApp(await openResources(config));
  for (const exception of config.exceptions) {
    app.log.warn({ exception: describeException(exception) }, 'the SSRF policy lets this destination through');
  }
  const drain = { noticeMs: config.stopNoticeSeconds * 1000 };
  return { app, host: config.listenAddress, port: config.port, drain };
});
