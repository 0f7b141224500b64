import type { Browser } from '@chatelaine/test-kit';

/** A page in the pieces in which it arrives. */
export async function* pieces({ port, cookies }: Browser, path: string): AsyncGenerator<string> {
  const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  const { body } = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { cookie } });
  if (body !== null) for await (const piece of body.pipeThrough(new TextDecoderStream())) yield piece;
}
