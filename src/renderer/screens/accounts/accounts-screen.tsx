/** The list of accounts, or why there is none. */
import { useCallback, useEffect, useRef, useState, useSyncExternalStore, type ReactNode } from 'react';
import { Button } from '../../components/button.tsx';
import { Name } from '../../components/words.tsx';
import { useServices, useTicking } from '../../services.ts';
import { canConnect, errorWords } from '../../state-words.ts';
import { accountsText, appText } from '../../text.ts';
import type { ErrorShape } from '../../../shared/errors.ts';
import { AddAccountDialog, type Start } from '../add-account/add-account-dialog.tsx';
import { AccountRow, rowElementId } from './account-row.tsx';
import { grouped, type AccountRow as Row, type Snapshot } from './accounts-model.ts';
import { Messages } from './messages.tsx';

export function AccountsScreen(): ReactNode {
  const { accounts } = useServices();
  const snapshot = useSyncExternalStore(accounts.subscribe, accounts.getSnapshot);
  const [adding, setAdding] = useState<Start | null>(null);
  const title = useRef<HTMLHeadingElement>(null);
  const focusTitle = useCallback(() => title.current?.focus(), []);
  const isFilled = snapshot.phase === 'ready' && snapshot.rows.length > 0;
  return (
    <>
      <header className="bar">
        <p className="bar-name">{appText.name}</p>
        {isFilled && (
          <div className="bar-actions">
            <ConnectAll rows={snapshot.rows} onClicked={focusTitle} />
            <Button onClick={() => setAdding('fields')}>{accountsText.add}</Button>
          </div>
        )}
      </header>
      <main className="screen" aria-busy={snapshot.phase === 'loading'}>
        <h1 ref={title} tabIndex={-1} className={isFilled ? 'unseen' : 'screen-title'}>
          {accountsText.title}
        </h1>
        <Messages messages={snapshot.messages} />
        <Content snapshot={snapshot} onAdd={setAdding} onRemoved={focusTitle} />
      </main>
      <AddAccountDialog start={adding} onClose={() => setAdding(null)} />
    </>
  );
}

interface ContentProps {
  readonly snapshot: Snapshot;
  readonly onAdd: (start: Start) => void;
  readonly onRemoved: () => void;
}

function Content({ snapshot, onAdd, onRemoved }: ContentProps): ReactNode {
  if (snapshot.phase === 'failed' && snapshot.error !== null) return <Failed error={snapshot.error} />;
  if (snapshot.phase === 'loading') return <p className="screen-waiting">{accountsText.loading}</p>;
  if (snapshot.rows.length === 0) return <Empty onAdd={onAdd} />;
  return <Lists snapshot={snapshot} onRemoved={onRemoved} />;
}

function Failed({ error }: { readonly error: ErrorShape }): ReactNode {
  const { accounts } = useServices();
  const { message, remedy } = errorWords(error);
  return (
    <div className="screen-note" role="alert">
      <h2>{accountsText.failed}</h2>
      <p>
        <Name of={message} />
      </p>
      <p>
        <Name of={remedy} />
      </p>
      <Button look="primary" onClick={() => void accounts.tryAgain()}>
        {accountsText.tryAgain}
      </Button>
    </div>
  );
}

function Empty({ onAdd }: Pick<ContentProps, 'onAdd'>): ReactNode {
  const { accounts } = useServices();
  return (
    <div className="screen-note">
      <h2>{accountsText.emptyTitle}</h2>
      <p>{accountsText.empty}</p>
      <div className="screen-choices">
        <Button look="primary" onClick={() => onAdd('paste')}>
          {accountsText.paste}
        </Button>
        <Button onClick={() => onAdd('fields')}>{accountsText.fillIn}</Button>
      </div>
      <Button look="quiet" onClick={() => void accounts.openGuide()}>
        {accountsText.guide}
      </Button>
    </div>
  );
}

function Lists({ snapshot, onRemoved }: Omit<ContentProps, 'onAdd'>): ReactNode {
  const revealed = useRevealed(snapshot);
  const groups = grouped(snapshot.rows);
  const hasGroups = groups.some(({ group }) => group !== null);
  return groups.map(({ group, rows }) => (
    <section key={group ?? ''}>
      {hasGroups && (
        <h2 className="group">{group === null ? accountsText.ungrouped : <Name of={group} />}</h2>
      )}
      <ul className="accounts">
        {rows.map((row) => (
          <AccountRow
            key={row.account.id}
            row={row}
            heading={hasGroups ? 'h3' : 'h2'}
            isRevealed={row.account.id === revealed}
            onRemoved={onRemoved}
          />
        ))}
      </ul>
    </section>
  ));
}

/** Shows and focuses the account the person asked to see, once for each time. @returns it. */
function useRevealed({ reveal, rows }: Snapshot): string | null {
  const done = useRef(0);
  const account = reveal?.account ?? null;
  const count = reveal?.count ?? 0;
  const isThere = rows.some((row) => row.account.id === account);
  useEffect(() => {
    if (account === null || !isThere || done.current === count) return;
    done.current = count;
    const row = document.getElementById(rowElementId(account));
    row?.scrollIntoView({ block: 'nearest' });
    row?.focus({ preventScroll: true });
  }, [account, count, isThere]);
  return account;
}

interface ConnectAllProps {
  readonly rows: readonly Row[];
  /** The button goes when it is clicked, and the focus must be somewhere. */
  readonly onClicked: () => void;
}

function ConnectAll({ rows, onClicked }: ConnectAllProps): ReactNode {
  const { accounts, ticker } = useServices();
  const offers = useTicking((now) => rows.some((row) => isOffered(row, now)));
  if (!offers) return null;
  const connectAll = (): Promise<void> => {
    const ids = rows.filter((row) => isOffered(row, ticker.now())).map(({ account }) => account.id);
    onClicked();
    return accounts.connect(ids);
  };
  return (
    <Button look="primary" onClick={() => void connectAll()}>
      {accountsText.connectAll}
    </Button>
  );
}

function isOffered({ state, pending }: Row, now: number): boolean {
  return pending === null && canConnect(state, now);
}
