import { parseJson } from '@chatelaine/protocol';
import { z } from 'zod';

/** The Host's API: `GET <resource>/entries`, `GET <resource>/entries/<id>/picture` and `POST <resource>/entries`. */
export const READ = 'entries.read';
export const WRITE = 'entries.write';

const entriesSchema = z.object({
  entries: z
    .array(
      z.object({
        id: z.string().max(200),
        text: z.string().max(10_000),
        date: z
          .string()
          .max(40)
          .refine((text) => !Number.isNaN(Date.parse(text))),
        /** Present if it has one; its value is not relied on. */
        picture: z.unknown().optional(),
      }),
    )
    .max(1000),
});
export type Entry = z.infer<typeof entriesSchema>['entries'][number];

export function entriesUrl(resource: string): string {
  return `${resource.replace(/\/$/, '')}/entries`;
}

export function pictureUrl(resource: string, entry: string): string {
  return `${entriesUrl(resource)}/${encodeURIComponent(entry)}/picture`;
}

/** Reads a Host's answer; null if it is not a list of entries. */
export async function readEntries(response: Response): Promise<readonly Entry[] | null> {
  const body = parseJson(new Uint8Array(await response.arrayBuffer()));
  const parsed = entriesSchema.safeParse(body.kind === 'json' ? body.value : undefined);
  return parsed.success ? parsed.data.entries : null;
}
