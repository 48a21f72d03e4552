import { describe, expect, it } from 'vitest';
import { sectionsOf, withoutOurs } from '../../soak/aws-file.ts';

const mine = '[mine]\nregion = x\n';
const ours = (id: string): string =>
  `[${id}]\n# managed by rolekey: ${id}\naws_access_key_id = A\naws_secret_access_key = B\naws_session_token = C\nx_security_token_expires = 2026-01-01T00:00:00Z\n`;

describe('the credentials file as others see it', () => {
  it('has sections with an expiry', () => {
    const section = { accessKeyId: 'A', expiration: Date.UTC(2026, 0, 1) };
    expect(sectionsOf(`${mine}\n${ours('soak-001')}`)).toEqual(new Map([['soak-001', section]]));
  });

  it('is the user’s without ours', () => {
    expect(withoutOurs(`${mine}\n${ours('soak-001')}\n${ours('soak-002')}`)).toBe(mine);
  });

  it.each([
    ['a line of the user that is gone', `[mine]\n\n${ours('soak-001')}`],
    ['a line that was added', `${mine}x = y\n\n${ours('soak-001')}`],
    ['half a section', `${mine}\n${ours('soak-001').slice(0, 60)}`],
    ['a section under another name', `${mine}\n${ours('soak-001').replace('[soak-001]', '[soak-002]')}`],
    ['a space that is gone', `[mine]\nregion =x\n\n${ours('soak-001')}`],
  ])('is not the user’s with %s', (_, text) => {
    expect(withoutOurs(text)).not.toBe(mine);
  });
});
