/** The images, in the order in which they are built: the services share the layers that precede their names. */
export const IMAGES = ['am', 'host', 'requester', 'bridge', 'demo', 'postgres', 'proxy'] as const;
export type ImageName = (typeof IMAGES)[number];

/** The last arguments of `docker build`, run in a checkout, for this image. */
export function recipe(name: ImageName, { revision }: { revision: string }): string[] {
  if (name === 'postgres' || name === 'proxy') return [`infra/${name}`];
  if (name === 'demo') return ['-f', 'infra/Dockerfile', '--target', 'demo', '.'];
  const built = { SERVICE: name, REVISION: revision, CREATED: new Date().toISOString() };
  const args = Object.entries(built).flatMap(([key, value]) => ['--build-arg', `${key}=${value}`]);
  return ['-f', 'infra/Dockerfile', ...args, '.'];
}
