import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

/** What must stay the same between two starts; otherwise nothing that is stored could be read again. */
export interface Secrets {
  /** The name of the data that these secrets belong to. */
  readonly name: string;
  /** ENCRYPTION_KEY by service: 32 bytes, base64url. */
  readonly keys: Readonly<Record<string, string>>;
  /** The demo account's, the same at every service. */
  readonly password: string;
}

/** Reads the secrets, or makes them at the first start; the file is readable by the user only. */
export function loadSecrets(file: string, names: readonly string[]): Secrets {
  const known = fs.existsSync(file) ? (JSON.parse(fs.readFileSync(file, 'utf8')) as Partial<Secrets>) : {};
  const secrets: Secrets = {
    name: known.name ?? randomBytes(6).toString('hex'),
    keys: Object.fromEntries(names.map((name) => [name, known.keys?.[name] ?? randomBytes(32).toString('base64url')])),
    password: known.password ?? password(),
  };
  fs.mkdirSync(path.dirname(file), { recursive: true });
  // renamed into place: a start that is killed here leaves either the old file or the new one
  const partial = `${file}.${process.pid}`;
  fs.writeFileSync(partial, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
  fs.renameSync(partial, file);
  return secrets;
}

/** Easy to type: `demo-k3f9-x2mq-7dpa`. */
export function password(): string {
  const letters = 'abcdefghjkmnpqrstuvwxyz23456789';
  // slightly biased, but twelve letters are far more than anybody can guess here
  const drawn = Array.from(randomBytes(12), (byte) => letters[byte % letters.length]).join('');
  return `demo-${drawn.replace(/(.{4})(?=.)/g, '$1-')}`;
}
