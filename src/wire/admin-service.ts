// The Admin service as gRPC sees it.
import {
  CreateEnrolmentTokenRequest,
  CreateEnrolmentTokenResponse,
  CreateGatewayTokenRequest,
  CreateGatewayTokenResponse,
  ListGatewaysRequest,
  ListGatewaysResponse,
  type MessageFns,
  RevokeGatewayRequest,
  RevokeGatewayResponse,
  SendCommandRequest,
  SendCommandResponse,
  WatchCommandRequest,
  WatchCommandResponse,
} from './generated/headgate/v1/admin.ts';

/** Shaped like grpc-js's ServiceDefinition. */
export const adminService = {
  sendCommand: method('SendCommand', SendCommandRequest, SendCommandResponse),
  watchCommand: { ...method('WatchCommand', WatchCommandRequest, WatchCommandResponse), responseStream: true },
  createEnrolmentToken: method('CreateEnrolmentToken', CreateEnrolmentTokenRequest, CreateEnrolmentTokenResponse),
  createGatewayToken: method('CreateGatewayToken', CreateGatewayTokenRequest, CreateGatewayTokenResponse),
  listGateways: method('ListGateways', ListGatewaysRequest, ListGatewaysResponse),
  revokeGateway: method('RevokeGateway', RevokeGatewayRequest, RevokeGatewayResponse),
} as const;

function method<Request, Response>(name: string, request: MessageFns<Request>, response: MessageFns<Response>) {
  return {
    path: `/headgate.v1.Admin/${name}`,
    requestStream: false,
    responseStream: false,
    requestSerialize: (message: Request): Buffer => Buffer.from(request.encode(message).finish()),
    requestDeserialize: (bytes: Buffer): Request => request.decode(bytes),
    responseSerialize: (message: Response): Buffer => Buffer.from(response.encode(message).finish()),
    responseDeserialize: (bytes: Buffer): Response => response.decode(bytes),
  } as const;
}
