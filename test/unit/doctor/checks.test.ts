/** The checks of network, clock, agent and socket. */
import { describe, expect, it } from 'vitest';
import { judgeAgent, type AgentFacts } from '../../../src/cli/doctor/agent-finding.ts';
import { judgeSocket, type SocketFacts } from '../../../src/cli/doctor/socket-finding.ts';
import { findingsText } from '../../../src/cli/doctor/text.ts';
import { judgeAccount } from '../../../src/main/doctor/account.ts';
import { judgeClock } from '../../../src/main/doctor/clock.ts';
import { forAccount, warning } from '../../../src/main/doctor/finding.ts';
import { judgeNetwork } from '../../../src/main/doctor/network.ts';
import { AppError } from '../../../src/shared/errors.ts';

describe('network', () => {
  const host = 'rolesanywhere.eu-central-1.amazonaws.com';
  const unreachable = (...codes: string[]): AppError => {
    const cause = codes.reduceRight<Error | undefined>(
      (inner, code) => Object.assign(new Error('odd', { cause: inner }), { code }),
      undefined,
    );
    return new AppError('network-unreachable', { message: 'It could not be reached.', cause });
  };
  const timeout = new AppError('network-unreachable', {
    cause: Object.assign(new Error('x'), { name: 'TimeoutError' }),
  });
  const both = new AppError('network-unreachable', {
    cause: new AggregateError([Object.assign(new Error('x'), { code: 'ECONNREFUSED' })]),
  });

  it.each([
    ['the name', unreachable('ENOTFOUND'), /resolved \(DNS\)/],
    ['the name, for now', unreachable('EAI_AGAIN'), /resolved \(DNS\)/],
    ['a refusal', unreachable('ECONNREFUSED'), /refuses/],
    ['a refusal of both addresses', both, /refuses/],
    ['a refusal further in', unreachable('UND_ERR', 'ECONNREFUSED'), /refuses/],
    ['no route', unreachable('ENETUNREACH'), /no way/],
    ['time', timeout, /in time/],
    ['time to connect', unreachable('UND_ERR_CONNECT_TIMEOUT'), /in time/],
    ['a broken connection', unreachable('ECONNRESET'), /breaks the connection off/],
    ['the proxy', unreachable('UND_ERR_ABORTED'), /proxy of HTTPS_PROXY/],
    ['no TLS', unreachable('EPROTO'), /does not speak TLS/],
    ['something unheard of', unreachable('EODD'), /^It could not be reached\.$/],
    ['a certificate', new AppError('tls-untrusted'), /is not trusted/],
  ])('tells %s apart', (_what, error, message) => {
    const finding = judgeNetwork({ host, error });
    expect(finding).toMatchObject({ check: 'network', status: 'problem', subject: host });
    expect(finding.message).toMatch(message);
    expect(finding.remedy).toMatch(/\S\.$/);
  });

  it.each([200, 400, 403, 404, 503])('takes HTTP %d for an answer', (status) => {
    expect(judgeNetwork({ host, status })).toMatchObject({ status: 'ok', remedy: null });
  });
});

describe('clock', () => {
  const now = Date.UTC(2026, 10, 24, 12);
  const second = 1000;
  const judged = (offsetMs: number) =>
    judgeClock({
      host: 'h',
      date: new Date(now + offsetMs).toUTCString(),
      sentAt: now - 100,
      receivedAt: now + 100,
    });

  it.each([
    [0, 'ok', /right to/],
    [119 * second, 'ok', /right to/],
    [-119 * second, 'ok', /right to/],
    [121 * second, 'warning', /2 minutes behind/],
    [-122 * second, 'warning', /2 minutes ahead/],
    [3 * 3600 * second, 'warning', /3 hours behind/],
    [-23 * 3600 * second, 'warning', /23 hours ahead/],
    [25 * 3600 * second, 'problem', /25 hours behind/],
    [-400 * 86_400 * second, 'problem', /400 days ahead/],
  ])('%d ms off is %s', (offset, status, message) => {
    const finding = judged(offset);
    expect(finding.status).toBe(status);
    expect(finding.message).toMatch(message);
  });

  it.each([undefined, '', 'yesterday'])('of an answer dated %s cannot be compared', (date) => {
    expect(judgeClock({ host: 'h', date, sentAt: now, receivedAt: now }).status).toBe('warning');
  });
});

it('an account’s fields are told of only where something is wrong', () => {
  expect(judgeAccount('dev', { problems: [], warnings: [] })).toEqual([]);
  const findings = judgeAccount('dev', {
    problems: [new AppError('arn-mismatch')],
    warnings: [{ code: 'x', message: 'm' }],
  });
  expect(findings.map(({ status }) => status)).toEqual(['problem', 'warning']);
});

it.each([
  ['Type it: rolekey connect ID.', 'Type it: rolekey connect dev.'],
  ['Do: rolekey accounts edit ID --x FILE.', 'Do: rolekey accounts edit dev --x FILE.'],
  ['Other ID.', 'Other ID.'],
])('a remedy names the account: %s', (remedy, expected) => {
  expect(forAccount('dev', warning('x', 'dev', 'm', remedy)).remedy).toBe(expected);
});

describe('the agent', () => {
  const info = { pid: 7, version: '1.2.3', mode: 'headless' } as const;
  it.each<[string, AgentFacts, string]>([
    ['runs', { kind: 'running', info, justStarted: false, otherFiles: null }, 'ok'],
    ['was started', { kind: 'running', info, justStarted: true, otherFiles: null }, 'ok'],
    [
      'is the app',
      { kind: 'running', info: { ...info, mode: 'app' }, justStarted: false, otherFiles: null },
      'ok',
    ],
    [
      'is older',
      { kind: 'running', info: { ...info, version: '1.2.2' }, justStarted: false, otherFiles: null },
      'warning',
    ],
    [
      'writes other files',
      { kind: 'running', info, justStarted: false, otherFiles: new AppError('agent-other-files') },
      'warning',
    ],
    ['is not to be started', { kind: 'absent' }, 'warning'],
    ['speaks another protocol', { kind: 'failed', error: new AppError('agent-version') }, 'problem'],
    ['hangs', { kind: 'failed', error: new AppError('agent-failed') }, 'problem'],
  ])('%s', (_what, facts, status) => {
    const finding = judgeAgent(facts, '1.2.3');
    expect(finding).toMatchObject({ check: 'agent', status });
    expect(finding.remedy === null).toBe(status === 'ok');
  });
});

describe('the socket', () => {
  const good: SocketFacts = {
    platform: 'linux',
    socket: '/run/user/1/rolekey/agent.sock',
    folder: '/run/user/1/rolekey',
    isNamed: true,
    found: { kind: 'folder', mine: true, mode: 0o700 },
  };
  const found = (some: Partial<NonNullable<SocketFacts['found']>>): SocketFacts => ({
    ...good,
    found: { kind: 'folder', mine: true, mode: 0o700, ...some },
  });
  const long = (bytes: number): SocketFacts => ({ ...good, socket: `/${'x'.repeat(bytes - 1)}` });

  it.each<[string, SocketFacts, string]>([
    ['is as it should be', good, 'ok'],
    ['has no folder yet', { ...good, found: null }, 'ok'],
    ['is among temporary files', { ...good, isNamed: false }, 'ok'],
    ['has a folder that others may read', found({ mode: 0o750 }), 'problem'],
    ['has a folder that others may enter', found({ mode: 0o701 }), 'problem'],
    ['has another’s folder', found({ mine: false }), 'problem'],
    ['has a link for a folder', found({ kind: 'link' }), 'problem'],
    ['has a file for a folder', found({ kind: 'other' }), 'problem'],
    ['has the longest path', long(107), 'ok'],
    ['has a path too long', long(108), 'problem'],
    ['has a path too long on macOS', { ...long(104), platform: 'darwin' }, 'problem'],
  ])('%s', (_what, facts, status) => {
    expect(judgeSocket(facts)).toMatchObject({ check: 'socket', status });
  });
});

describe('the text', () => {
  const ok = { check: 'agent', status: 'ok', subject: 'agent', message: 'It runs.', remedy: null } as const;
  const bad = {
    check: 'token',
    status: 'problem',
    subject: 'd\u001b[2J',
    message: 'M.',
    remedy: 'R.',
  } as const;

  it('is one line for each finding, foreign characters out of effect, and a count', () => {
    expect(findingsText([ok, bad])).toBe(
      'ok       agent: It runs.\nPROBLEM  token d?[2J: M. R.\n\n1 problem, no warnings.',
    );
    expect(findingsText([ok])).toBe('ok       agent: It runs.\n\nNothing is wrong.');
    expect(findingsText([{ ...bad, status: 'warning' }])).toMatch(/\nNo problems, 1 warning\.$/);
  });
});
