import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';

/** The port of the demo's two small apps. */
export const APP_SITE_PORT = 4841;

const FOLDER = path.join(import.meta.dirname, 'icons');

/** The site of the demo's two small apps: it has their icons and nothing else. */
export interface AppSite {
  close(): Promise<void>;
}

/** Where an app's icon is at that site: “Photo frame” has `/photo-frame.png`. */
export const iconAt = (site: string, app: string): string => `${site}/${app.toLowerCase().replaceAll(' ', '-')}.png`;

/** Serves the icons at this port, of this machine unless `address` says otherwise. */
export async function startAppSite({
  port = APP_SITE_PORT,
  address = '127.0.0.1',
}: {
  port?: number;
  address?: string;
} = {}): Promise<AppSite> {
  const icons = new Map<string, Buffer>();
  for (const name of fs.readdirSync(FOLDER)) icons.set(`/${name}`, fs.readFileSync(path.join(FOLDER, name)));
  const server = http.createServer((request, response) => {
    const icon = icons.get(request.url ?? '');
    if (icon === undefined) response.writeHead(404).end();
    else response.writeHead(200, { 'content-type': 'image/png', 'content-length': icon.length }).end(icon);
  });
  server.listen(port, address);
  await once(server, 'listening');
  return {
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
