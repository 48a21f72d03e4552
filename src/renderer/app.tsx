/** The frame of the main window: its bar, the screen, and what is told to screen readers. */
import type { ReactNode } from 'react';
import { useSyncExternalStore } from 'react';
import { AccountsScreen } from './screens/accounts/accounts-screen.tsx';
import { useServices } from './services.ts';

export function App(): ReactNode {
  return (
    <>
      <AccountsScreen />
      <LiveRegion />
    </>
  );
}

function LiveRegion(): ReactNode {
  const { announcer } = useServices();
  const text = useSyncExternalStore(announcer.subscribe, announcer.getSnapshot);
  return (
    <div role="status" aria-live="polite" className="unseen">
      {text}
    </div>
  );
}
