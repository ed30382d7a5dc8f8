import type {
  CreateEnrolmentTokenRequest,
  CreateEnrolmentTokenResponse,
  CreateGatewayTokenRequest,
  CreateGatewayTokenResponse,
  ListGatewaysRequest,
  ListGatewaysResponse,
  RevokeGatewayRequest,
  RevokeGatewayResponse,
  SendCommandRequest,
  SendCommandResponse,
  WatchCommandRequest,
  WatchCommandResponse,
} from '../../wire/generated/headgate/v1/admin.ts';

/** What the Admin service can do. Each part of the collector contributes some; what nobody does is UNIMPLEMENTED. */
export interface AdminHandlers {
  /** @throws HeadgateError: its code decides the status, see {@link statusOf} in service.ts; as all of these do */
  sendCommand(request: SendCommandRequest): Promise<SendCommandResponse>;
  /** Sends until it resolves, or until the caller is gone, which `gone` tells. */
  watchCommand(
    request: WatchCommandRequest,
    send: (response: WatchCommandResponse) => void,
    gone: AbortSignal,
  ): Promise<void>;
  createEnrolmentToken(request: CreateEnrolmentTokenRequest): Promise<CreateEnrolmentTokenResponse>;
  createGatewayToken(request: CreateGatewayTokenRequest): Promise<CreateGatewayTokenResponse>;
  listGateways(request: ListGatewaysRequest): Promise<ListGatewaysResponse>;
  revokeGateway(request: RevokeGatewayRequest): Promise<RevokeGatewayResponse>;
}
