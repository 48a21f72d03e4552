/** The process that runs a command, as the command may see it. */
import type { Terminal } from './command.ts';

/** @param json whether one JSON document is wanted in place of text. */
export function processTerminal(commandName: string, json: boolean): Terminal {
  return {
    env: process.env,
    directory: process.cwd(),
    commandName: `rolekey ${commandName}`,
    json,
    interactive: process.stdin.isTTY,
    print: (document, text) => {
      process.stdout.write(json ? `${JSON.stringify({ version: 1, ...document })}\n` : ensureNewline(text()));
    },
    write: (text) => {
      process.stdout.write(text);
    },
    say: (text) => {
      process.stderr.write(ensureNewline(text));
    },
  };
}

function ensureNewline(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}
