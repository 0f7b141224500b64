// The image's health check: exit code 0 when this container's service answers.
import http from 'node:http';

const { PORT, LISTEN_ADDRESS } = process.env;
const host = LISTEN_ADDRESS === '0.0.0.0' || LISTEN_ADDRESS === '::' ? '127.0.0.1' : LISTEN_ADDRESS;
const request = http.get({ host, port: PORT, path: '/healthz', timeout: 2_000 }, ({ statusCode }) => {
  process.exit(statusCode === 200 ? 0 : 1);
});
request.on('timeout', () => request.destroy());
request.on('error', () => process.exit(1));
