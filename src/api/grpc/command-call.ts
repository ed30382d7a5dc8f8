import type { ServerWritableStream } from '@grpc/grpc-js';
import type { KnownCommand } from '../../commands/local-commands.ts';
import { isOpen } from '../../core/command.ts';
import { HeadgateError } from '../../core/errors.ts';
import type { Principal } from '../../core/principal.ts';
import { commandPriority, commandUpdate } from '../../wire/command-update.ts';
import type {
  GatewaySendCommandRequest,
  GatewaySendCommandResponse,
} from '../../wire/generated/headgate/v1/gateway.ts';
import type { CommandsApi } from '../commands-routes.ts';
import { commandFrom } from '../given-command.ts';
import { demandOf } from '../guard.ts';
import { whenGone } from './gone.ts';

export type CommandCall = ServerWritableStream<GatewaySendCommandRequest, GatewaySendCommandResponse>;

/**
 * Gives a device a command, and tells how it stands until it is over. When the client goes away the command stays.
 *
 * @throws {HeadgateError} request.invalid, access.denied, request.conflict, buffer.failed
 */
export async function commandCall(
  call: CommandCall,
  principal: Principal,
  commands: Pick<CommandsApi, 'send' | 'watch'>,
): Promise<void> {
  const { deviceId, id, name, payload, priority, validSeconds } = call.request;
  demandOf(principal, { kind: 'command', deviceId });
  const given = {
    ...(id !== '' && { id }),
    ...(validSeconds !== 0 && { expiresInSeconds: validSeconds }),
    ...{ name, payload, priority: commandPriority(priority) },
  };
  const command = commandFrom(deviceId, given, principal);
  if (typeof command === 'string') throw new HeadgateError('request.invalid', command);
  let revision = 0;
  const tell = (known: KnownCommand): void => {
    if (known.id !== command.id || known.revision <= revision) return;
    revision = known.revision;
    call.write({ update: commandUpdate(known) });
    if (!isOpen(known.state)) call.end();
  };
  const end = commands.watch(tell);
  whenGone(call, end);
  try {
    tell(await commands.send(command));
  } catch (error) {
    end();
    throw error;
  }
}
