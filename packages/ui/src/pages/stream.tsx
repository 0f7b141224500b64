import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import type { VNode } from 'preact';
import { render } from 'preact-render-to-string';
import { Notice } from './components.tsx';
import { Page, type PageContext, usePage } from './context.ts';
import { contextOf } from './render.tsx';

/** A place in a streamed page whose content comes later, in parts. Places are filled in the order of the page. */
export function Arriving({ parts }: { parts: AsyncIterable<VNode> }): VNode {
  const { arriving } = usePage();
  if (arriving === undefined) throw new Error('What arrives later needs streamPage.');
  arriving.places.push(parts);
  return <>{arriving.mark}</>;
}

/**
 * Sends a page as it is being made: at once what is known, and at each {@link Arriving} its parts as they come. It
 * needs no script, since browsers show what they have received. The status cannot change any more, so whatever may
 * refuse the page must run before. If something fails midway, a sentence at the end of the page says so.
 *
 * `page` gets a signal that is aborted when the browser has disconnected.
 */
export function streamPage(reply: FastifyReply, page: (gone: AbortSignal) => VNode): FastifyReply {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort());
  // rendered before anything is sent, because the CSRF token sets a cookie
  const frame = frameOf(reply, page(gone.signal));
  const pieces = Readable.from(write(frame, reply, gone.signal), { objectMode: false });
  return reply.header('cache-control', 'no-store').type('text/html; charset=utf-8').send(pieces);
}

interface Frame {
  readonly context: PageContext;
  /** The HTML before, between and after the places. */
  readonly html: readonly string[];
  readonly places: readonly AsyncIterable<VNode>[];
}

function frameOf(reply: FastifyReply, page: VNode): Frame {
  // random for each answer, so that no content contains it
  const mark = randomBytes(16).toString('hex');
  const places: AsyncIterable<VNode>[] = [];
  const context = contextOf(reply);
  const html = render(<Page.Provider value={{ ...context, arriving: { mark, places } }}>{page}</Page.Provider>);
  return { context, html: html.split(mark), places };
}

async function* write(
  { context, html, places }: Frame,
  reply: FastifyReply,
  gone: AbortSignal,
): AsyncGenerator<string> {
  const within = (part: VNode): string => render(<Page.Provider value={context}>{part}</Page.Provider>);
  yield '<!doctype html>';
  let failed = false;
  for (const [index, parts] of places.entries()) {
    yield html[index] ?? '';
    if (failed) continue;
    try {
      for await (const part of parts) yield within(part);
    } catch (error) {
      failed = true;
      if (!gone.aborted) reply.log.error({ err: error }, 'a page broke off');
    }
  }
  if (failed) yield within(<Notice kind="bad">This page could not be finished. Reload it in a moment.</Notice>);
  yield html.at(-1) ?? '';
}
