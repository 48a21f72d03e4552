/** What is to be told and is no state of an account; each stays until it is dismissed. */
import type { ReactNode } from 'react';
import { Button } from '../../components/button.tsx';
import { Name } from '../../components/words.tsx';
import { useServices } from '../../services.ts';
import { errorWords } from '../../state-words.ts';
import { accountsText, appText } from '../../text.ts';
import type { Message } from './accounts-model.ts';

export function Messages({ messages }: { readonly messages: readonly Message[] }): ReactNode {
  const { accounts } = useServices();
  return (
    <div className="messages" role="log" aria-label={appText.messages}>
      {messages.map((message) => (
        <div key={message.id} className={`message message-${message.what.kind}`}>
          <p>
            {message.label !== null && (
              <strong>
                <Name of={message.label} />{' '}
              </strong>
            )}
            <Name of={textOf(message)} />
          </p>
          <Button
            look="quiet"
            aria-label={accountsText.of(appText.dismiss, textOf(message))}
            onClick={() => accounts.dismiss(message.id)}
          >
            {appText.dismiss}
          </Button>
        </div>
      ))}
    </div>
  );
}

function textOf({ what }: Message): string {
  if (what.kind === 'notice') return what.text;
  const { message, remedy } = errorWords(what.error);
  return `${message} ${remedy}`.trimEnd();
}
