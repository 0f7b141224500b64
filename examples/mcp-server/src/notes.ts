import type { Pool } from 'pg';

export interface Note {
  readonly title: string;
  readonly text: string;
  /** Which program wrote it; null: the person. */
  readonly writtenBy: string | null;
}

/** The notes of all persons; each method names whose. */
export interface Notes {
  list(owner: string): Promise<Note[]>;
  find(owner: string, title: string): Promise<Note | null>;
  /** Replaces a note with the same title. */
  write(owner: string, note: Note): Promise<void>;
}

const COLUMNS = 'title, text, written_by as "writtenBy"';

export async function openNotes(pool: Pool): Promise<Notes> {
  await pool.query(`create table if not exists note (
    owner text not null, title text not null, text text not null, written_by text, primary key (owner, title))`);
  return {
    async list(owner) {
      const { rows } = await pool.query<Note>(`select ${COLUMNS} from note where owner = $1 order by title`, [owner]);
      return rows;
    },
    async find(owner, title) {
      const values = [owner, title];
      const { rows } = await pool.query<Note>(`select ${COLUMNS} from note where owner = $1 and title = $2`, values);
      return rows[0] ?? null;
    },
    async write(owner, { title, text, writtenBy }) {
      await pool.query(
        `insert into note (owner, title, text, written_by) values ($1, $2, $3, $4)
         on conflict (owner, title) do update set text = excluded.text, written_by = excluded.written_by`,
        [owner, title, text, writtenBy],
      );
    },
  };
}
