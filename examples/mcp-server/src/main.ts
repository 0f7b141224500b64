import type { HostOptions } from '@chatelaine/host-kit';
import pg from 'pg';
import { notesApp } from './server.ts';

const env = (name: string): string => {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`${name} must be set.`);
  return value;
};

const pool = new pg.Pool({ connectionString: env('DATABASE_URL') });
const app = await notesApp({
  issuer: env('ISSUER'),
  name: process.env['NAME'] ?? 'Notes',
  manager: env('MANAGER'),
  pool,
  passwords: JSON.parse(env('ACCOUNTS')) as Record<string, string>,
  // several services on one machine; leave both out where addresses are public
  demo: process.env['DEMO'] === 'true',
  outboundExceptions: JSON.parse(process.env['OUTBOUND_EXCEPTIONS'] ?? '[]') as NonNullable<
    HostOptions['outboundExceptions']
  >,
});
app.addHook('onClose', async () => pool.end());
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void app.close());
await app.listen({ host: process.env['LISTEN_ADDRESS'] ?? '127.0.0.1', port: Number(env('PORT')) });
