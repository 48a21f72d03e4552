import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import supplies from '../../../support/electron/compat/supplies.json' with { type: 'json' };

const platforms = readFileSync('docs/platforms.md', 'utf8');

it.each([...supplies.electron, ...supplies.ready, ...supplies.untyped])(
  'docs/platforms.md tells that $api is stood in for',
  ({ api }) => {
    expect(platforms).toContain(`| \`${api}\` |`);
  },
);
