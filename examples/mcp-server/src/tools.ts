import type { Access } from '@chatelaine/host-kit';
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { z } from 'zod';
import type { Notes } from './notes.ts';

/** What a person can allow a program to do here, in the person's words: they are shown on every consent page. */
export const SCOPES = {
  'notes.read': { sentence: 'Read your notes', access: 'read' },
  'notes.write': { sentence: 'Write notes for you', access: 'write' },
} as const;

const MAX_TITLE = 100;
const MAX_TEXT = 10_000;

/** An MCP server for one request, of one person, for one program: it has only the tools that the token is good for. */
export function notesServer(notes: Notes, { owner, scope, requester }: Access): McpServer {
  const server = new McpServer({ name: 'notes', version: '0.1.0' });
  const title = z.string().min(1).max(MAX_TITLE).describe('Title of the note');

  server.registerTool(
    'list_notes',
    { description: 'Titles of all notes', annotations: { readOnlyHint: true } },
    async () => said((await notes.list(owner)).map((note) => note.title).join('\n')),
  );
  server.registerTool(
    'read_note',
    { description: 'The text of one note', inputSchema: { title }, annotations: { readOnlyHint: true } },
    async (wanted) => {
      const note = await notes.find(owner, wanted.title);
      return note === null ? { ...said(`There is no note "${wanted.title}".`), isError: true } : said(note.text);
    },
  );
  if (scope.includes('notes.write')) {
    server.registerTool(
      'write_note',
      {
        description: 'Writes a note; one with the same title is replaced',
        inputSchema: { title, text: z.string().max(MAX_TEXT).describe('The whole text') },
        annotations: { destructiveHint: true, idempotentHint: true },
      },
      async (note) => {
        await notes.write(owner, { ...note, writtenBy: requester.name ?? requester.id });
        return said(`"${note.title}" is written.`);
      },
    );
  }
  return server;
}

const said = (text: string) => ({ content: [{ type: 'text' as const, text }] });
