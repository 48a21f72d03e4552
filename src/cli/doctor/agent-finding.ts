/** What `rolekey doctor` says of the agent itself. Pure. */
import type { Finding } from '../../shared/api.ts';
import type { AppError } from '../../shared/errors.ts';
import type { AgentInfo } from '../../shared/model.ts';

/** How the agent was met. */
export type AgentFacts =
  | {
      readonly kind: 'running';
      readonly info: Pick<AgentInfo, 'pid' | 'version' | 'mode'>;
      /** It was started for this look. */
      readonly justStarted: boolean;
      /** Why the AWS files it writes are not those that commands here name; null where they are. */
      readonly otherFiles: AppError | null;
    }
  /** None runs, and none was to be started. */
  | { readonly kind: 'absent' }
  | { readonly kind: 'failed'; readonly error: AppError };

const check = 'agent';
const subject = 'agent';
const unlooked = 'the AWS files, the network and the keys were not looked at';

/** @param version of this command. */
export function judgeAgent(facts: AgentFacts, version: string): Finding {
  switch (facts.kind) {
    case 'absent':
      return {
        ...{ check, status: 'warning', subject },
        message: `No agent runs, so ${unlooked}.`,
        remedy: 'Look again without --no-start and ROLEKEY_AUTOSTART=0, or run it: rolekey agent.',
      };
    case 'failed': {
      const { message, remedy } = facts.error;
      return {
        ...{ check, status: 'problem', subject },
        message: `${message} Therefore ${unlooked}.`,
        remedy: remedy === '' ? null : remedy,
      };
    }
    case 'running': {
      const { pid, version: its, mode } = facts.info;
      if (its !== version) {
        return {
          ...{ check, status: 'warning', subject },
          message: `The agent (process ${String(pid)}) is of version ${its}, this command of ${version}.`,
          remedy: 'Stop it, and the next command starts the new one: rolekey agent stop.',
        };
      }
      const { otherFiles } = facts;
      if (otherFiles !== null) {
        return { check, status: 'warning', subject, message: otherFiles.message, remedy: otherFiles.remedy };
      }
      const how = mode === 'app' ? 'in the Rolekey app' : 'without a window';
      const since = facts.justStarted ? 'was started for this, and runs' : 'runs';
      const message = `Version ${its} ${since} ${how} (process ${String(pid)}).`;
      return { check, status: 'ok', subject, message, remedy: null };
    }
  }
}
