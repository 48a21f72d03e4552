import { describe, expect, it } from 'vitest';
import { plistText } from '../../../../src/cli/service/plist.ts';

describe('the launchd agent', () => {
  it('escapes what XML gives a meaning to', () => {
    const text = plistText({
      command: ['/opt/a & b/<node>', `/opt/"x" 'y' %h $z`, 'agent'],
      environment: { AWS_CONFIG_FILE: ']]>&amp;' },
    });
    expect(text).toContain('<string>/opt/a &amp; b/&lt;node&gt;</string>');
    expect(text).toContain(`<string>/opt/"x" 'y' %h $z</string>`);
    expect(text).toContain('<string>]]&gt;&amp;amp;</string>');
  });

  it.each(['/a\nb', '/a\u0000', '/a\u001b'])('refuses %j, which XML cannot hold', (path) => {
    const refused = expect.objectContaining({ code: 'cli-path-unsafe' }) as Error;
    expect(() => plistText({ command: ['/node', path], environment: {} })).toThrow(refused);
    expect(() => plistText({ command: ['/node'], environment: { X: path } })).toThrow(refused);
  });

  it('is marked as ours', () => {
    const third = plistText({ command: ['/node'], environment: {} }).split('\n')[2];
    expect(third).toMatch(/^<!-- managed by rolekey: .+ -->$/);
  });
});
