/** Which modules need the service through which YubiKeys and smart cards are reached, and why it does not answer. Pure. */
import type { ReaderServiceState } from '../ports.ts';
import { moduleKind, type ModuleKind } from './module-kind.ts';

/** Whether a module reaches its tokens through PC/SC, as far as its file is one we know. */
export function needsReader(modulePath: string): boolean {
  return isReaderKind(moduleKind(modulePath));
}

/** As {@link needsReader}. */
export function isReaderKind(kind: ModuleKind): boolean {
  return kind === 'yubikey' || kind === 'opensc';
}

/** Who asks the service. */
export interface ReaderUser {
  /** The agent was started over ssh. */
  readonly overSsh: boolean;
  /** Name of the user, for a rule that lets them in; null where nobody says. */
  readonly user: string | null;
}

type Unmet = Exclude<ReaderServiceState, { kind: 'built-in' | 'answers' }>;

/** What keeps readers from us, and what to do. */
export function readerTrouble(
  state: Unmet,
  { overSsh, user }: ReaderUser,
): { readonly message: string; readonly remedy: string } {
  const start = 'sudo systemctl enable --now pcscd.socket';
  switch (state.kind) {
    case 'missing':
      return state.installed
        ? {
            message: 'The smart card service pcscd does not run, so no YubiKey or smart card can be seen.',
            remedy: `Start it: ${start}.`,
          }
        : {
            message:
              'The smart card service pcscd is not installed, so no YubiKey or smart card can be seen.',
            remedy: `Install it (on Debian: sudo apt install pcscd), then start it: ${start}.`,
          };
    case 'refused':
      return {
        message: 'The socket of the smart card service is there, but nobody listens on it: pcscd has ended.',
        remedy: 'Start it again: sudo systemctl restart pcscd.socket pcscd.service.',
      };
    case 'forbidden':
      return {
        message: 'You may not open the socket of the smart card service.',
        remedy: `Take away what was changed at the permissions of ${state.path} and the folders above it: sudo systemctl restart pcscd.socket.`,
      };
    case 'closed':
      return { message: turnedAway(overSsh), remedy: rule(user) };
    case 'silent':
      return {
        message: 'The smart card service pcscd hangs: it took the connection and does not answer.',
        remedy: 'Unplug the token, then restart it: sudo systemctl restart pcscd.service.',
      };
    case 'odd':
      return {
        message: 'What is at this path is not the smart card service pcscd.',
        remedy: 'Unset PCSCLITE_CSOCK_NAME, or name the socket of pcscd, and start the agent again.',
      };
  }
}

/** pcscd asks polkit, whose default lets in who is logged in at the screen, and nobody else. */
function turnedAway(overSsh: boolean): string {
  const why = overSsh
    ? 'the agent was started over ssh, and by default only who is logged in at the screen may use smart cards'
    : 'by default only who is logged in at the screen may use smart cards';
  return `The smart card service pcscd turns you away (polkit): ${why}.`;
}

function rule(user: string | null): string {
  const who = user !== null && /^[\w.@-]+$/.test(user) ? user : 'NAME';
  const condition = `action.id.indexOf("org.debian.pcsc-lite.access_") == 0 && subject.user == "${who}"`;
  const line = `polkit.addRule(function(action, subject) { if (${condition}) return polkit.Result.YES; });`;
  return `Allow it by a rule, then try again: echo '${line}' | sudo tee /etc/polkit-1/rules.d/50-pcsc.rules.`;
}
