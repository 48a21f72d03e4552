/** The process that runs a command, as the command may see it. */
import type { Terminal } from './command.ts';
import { plainText } from './plain-text.ts';

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
      process.stderr.write(`${plainText(text)}\n`);
    },
  };
}

function ensureNewline(text: string): string {
  return text === '' || text.endsWith('\n') ? text : `${text}\n`;
}
