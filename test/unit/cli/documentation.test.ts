/** docs/cli.md is what programs are written against: whatever the command line has must be there. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { commands } from '../../../src/cli/commands.ts';
import { unsettableFields } from '../../../src/shared/constants.ts';
import { errorTable } from '../../../src/shared/errors.ts';

const page = readFileSync('docs/cli.md', 'utf8');
const words = new Set(page.match(/[A-Za-z0-9-]+/g));

it.each(commands.map((command) => [command.name, command] as const))(
  'names %s with its flags',
  (name, command) => {
    expect(page.replaceAll('`', '')).toContain(`rolekey ${name}`);
    expect(Object.keys(command.flags).filter((flag) => !words.has(`--${flag}`))).toEqual([]);
  },
);

it('names every error code', () => {
  expect(Object.keys(errorTable).filter((code) => !words.has(code))).toEqual([]);
});

it('names every field of an account that can be unset', () => {
  expect(unsettableFields.filter((field) => !words.has(field))).toEqual([]);
});
