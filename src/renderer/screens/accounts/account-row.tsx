/** One account of the list: what it is, how it stands, and what can be done with it. */
import { memo, useId, useState, type ReactNode } from 'react';
import { Button } from '../../components/button.tsx';
import { Ring } from '../../components/ring.tsx';
import { Name, Words } from '../../components/words.tsx';
import { useServices, useTicking } from '../../services.ts';
import { canConnect, canDisconnect, errorUnderHeadline, stateWords } from '../../state-words.ts';
import { accountsText } from '../../text.ts';
import type { State } from '../../../shared/model.ts';
import { roleOf, type AccountRow as Row } from './accounts-model.ts';
import { servesAt } from '../../remaining.ts';

interface RowProps {
  readonly row: Row;
  readonly heading: 'h2' | 'h3';
  /** The person asked to see this one. */
  readonly isRevealed: boolean;
  /** Called once it is removed. */
  readonly onRemoved: (id: string) => void;
}

/** Where the row of an account can be found in the page. */
export function rowElementId(account: string): string {
  return `account-${account}`;
}

export const AccountRow = memo(function AccountRow({
  row,
  heading: Heading,
  isRevealed,
  onRemoved,
}: RowProps): ReactNode {
  const { account, state, endpoint } = row;
  const headingId = useId();
  const tone = useTicking((now) => stateWords(state, now).tone);
  const serves = useTicking((now) => servesAt(state, now));
  return (
    <li
      id={rowElementId(account.id)}
      className={isRevealed ? 'account account-revealed' : 'account'}
      tabIndex={-1}
      aria-labelledby={headingId}
    >
      <Ring serving={serves ? state.serving : null} tone={tone} />
      <div className="account-body">
        <Heading id={headingId} className="account-label">
          <Name of={account.label} />
        </Heading>
        <Role arn={account.roleArn} />
        <Headline state={state} />
        <Trouble state={state} />
        {endpoint !== null && (
          <p className="account-endpoint">
            <Words of={accountsText.sendsTo(endpoint)} />
          </p>
        )}
      </div>
      <div className="account-actions">
        <Actions row={row} />
      </div>
      <p className="account-profile">
        <span>
          {accountsText.profile} <code>{account.awsProfile}</code>
        </span>
        <CopyButton row={row} />
        <RemoveButton row={row} onRemoved={onRemoved} />
      </p>
    </li>
  );
});

function Role({ arn }: { readonly arn: string }): ReactNode {
  const parsed = roleOf(arn);
  return (
    <p className="account-role">
      {parsed === null ? <Name of={arn} /> : <Words of={accountsText.role(parsed.role, parsed.account)} />}
    </p>
  );
}

function Headline({ state }: { readonly state: State }): ReactNode {
  const headline = useTicking((now) => stateWords(state, now).headline);
  const tone = useTicking((now) => stateWords(state, now).tone);
  return <p className={`account-state tone-${tone}`}>{headline}</p>;
}

function Trouble({ state }: { readonly state: State }): ReactNode {
  const words = errorUnderHeadline(state);
  if (words === null || state.error === null) return null;
  return (
    <p className="account-trouble">
      <Name of={[words.message, words.remedy].filter(Boolean).join(' ')} />
      {state.error.requestId !== null && (
        <span className="account-request">
          <Words of={accountsText.requestId(state.error.requestId)} />
        </span>
      )}
    </p>
  );
}

function Actions({ row: { account, state, pending } }: { readonly row: Row }): ReactNode {
  const { accounts } = useServices();
  const offersConnect = useTicking((now) => canConnect(state, now));
  const offersDisconnect = useTicking((now) => canDisconnect(state, now));
  const isConnecting = pending === 'connect' || state.activity === 'connecting';
  const connect = state.activity === 'retrying' ? accountsText.tryNow : accountsText.connect;
  const connectLabel = isConnecting ? accountsText.connecting : connect;
  const disconnectLabel = pending === 'disconnect' ? accountsText.disconnecting : accountsText.disconnect;
  return (
    <>
      {(offersConnect || isConnecting) && (
        <Button
          key="act"
          look="primary"
          isOff={isConnecting || pending !== null}
          aria-label={accountsText.of(connectLabel, account.label)}
          onClick={() => void accounts.connect([account.id])}
        >
          {connectLabel}
        </Button>
      )}
      {offersDisconnect && !isConnecting && (
        <Button
          key={offersConnect ? 'end' : 'act'}
          isOff={pending !== null}
          aria-label={accountsText.of(disconnectLabel, account.label)}
          onClick={() => void accounts.disconnect(account.id)}
        >
          {disconnectLabel}
        </Button>
      )}
    </>
  );
}

/** How long a button says that it copied, milliseconds. */
const copiedMs = 2000;

function CopyButton({ row: { account } }: { readonly row: Row }): ReactNode {
  const { accounts, announcer, timers } = useServices();
  const [isCopied, setCopied] = useState(false);
  const label = isCopied ? accountsText.copied : accountsText.copy;
  const copy = async (): Promise<void> => {
    const command = await accounts.copyCommand(account.id);
    if (command === null) return;
    setCopied(true);
    announcer.say(accountsText.saidCopied(command));
    timers.after(copiedMs, () => setCopied(false));
  };
  return (
    <Button look="quiet" aria-label={accountsText.of(label, account.label)} onClick={() => void copy()}>
      {label}
    </Button>
  );
}

function RemoveButton({ row, onRemoved }: Pick<RowProps, 'row' | 'onRemoved'>): ReactNode {
  const { accounts, announcer } = useServices();
  const { account, pending } = row;
  const label = pending === 'remove' ? accountsText.removing : accountsText.remove;
  const remove = async (): Promise<void> => {
    if (!(await accounts.remove(account.id))) return;
    announcer.say(accountsText.removed(account.label));
    onRemoved(account.id);
  };
  return (
    <Button
      look="quiet"
      isOff={pending !== null}
      aria-label={accountsText.of(label, account.label)}
      onClick={() => void remove()}
    >
      {label}
    </Button>
  );
}
