import { ConfigError } from '../env/read-env.ts';

/**
 * A command of a command line. `run` returns the lines to print, and throws UsageError for arguments that it does not
 * understand.
 */
export interface Command {
  /** Its arguments, in the notation of man pages. */
  readonly usage: string;
  /** One line of help. */
  readonly says: string;
  run(args: readonly string[]): Promise<CommandResult>;
}

export interface CommandResult {
  readonly lines: readonly string[];
  /** `wrong`: the command has found that something is not as it should be. */
  readonly verdict?: 'wrong';
}

/** The command line was not understood. The message is one sentence. */
export class UsageError extends Error {
  override name = 'UsageError';
}

interface Io {
  readonly out: (line: string) => void;
  readonly problem: (line: string) => void;
}

/** The standard output of this process. A reader that closes it early (`| head`) is not an error. */
function terminal(): Io {
  process.stdout.on('error', (error: NodeJS.ErrnoException) =>
    process.exit(error.code === 'EPIPE' ? EXIT.good : EXIT.wrong),
  );
  return {
    out: (line) => void process.stdout.write(`${line}\n`),
    problem: (line) => void process.stderr.write(`${line}\n`),
  };
}

const EXIT = { good: 0, wrong: 1, usage: 64, config: 78 } as const; // the last two as in sysexits.h

/** Runs one command of a command line, and resolves with the exit code. Prints lines only, and never a secret. */
export async function runCli(
  input: { name: string; argv: readonly string[]; commands: Readonly<Record<string, Command>> },
  { out, problem }: Io = terminal(),
): Promise<number> {
  const { name, commands } = input;
  const [word = 'help', ...args] = input.argv;
  const command = Object.hasOwn(commands, word) ? commands[word] : undefined;
  if (command === undefined) {
    const help = word === 'help' || word === '--help' || word === '-h';
    for (const line of usageOf(name, commands)) (help ? out : problem)(line);
    return help ? EXIT.good : EXIT.usage;
  }
  try {
    const { lines, verdict } = await command.run(args);
    for (const line of lines) out(line);
    return verdict === 'wrong' ? EXIT.wrong : EXIT.good;
  } catch (error) {
    if (error instanceof ConfigError) {
      for (const sentence of error.problems) problem(sentence);
      return EXIT.config;
    }
    problem(error instanceof Error ? error.message : String(error));
    if (!(error instanceof UsageError)) return EXIT.wrong;
    problem(`Usage: ${name} ${word} ${command.usage}`.trimEnd());
    return EXIT.usage;
  }
}

function usageOf(name: string, commands: Readonly<Record<string, Command>>): string[] {
  const rows = Object.entries(commands).map(([word, { usage, says }]) => [`${name} ${word} ${usage}`.trimEnd(), says]);
  return rows.flatMap(([left = '', right = '']) => [left, `    ${right}`]);
}
