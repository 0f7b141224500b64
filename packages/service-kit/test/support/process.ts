import { once } from 'node:events';
import { createServer, key, port, readEnv, run } from '../../src/index.ts';

// a service's main.ts, to be run as a process of its own
await run(async () => {
  const { PORT } = readEnv(process.env, { PORT: port, KEY: key(32) });
  const app = await createServer({
    name: 'inn',
    issuer: 'http://127.0.0.1:1',
    site: { name: 'The Inn', role: 'Host' },
  });
  app.get('/slow', async () => {
    process.stderr.write('arrived\n');
    // still under way when the process is told to end
    await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
    return { ok: true };
  });
  app.addHook('onClose', async () => void process.stderr.write('closed\n'));
  return { app, host: '127.0.0.1', port: PORT };
});
