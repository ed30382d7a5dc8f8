// The Admin service as gRPC sees it.
import {
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
} from './generated/headgate/v1/admin.ts';
import { grpcMethod } from './grpc-method.ts';

const admin = '/headgate.v1.Admin';

/** Shaped like grpc-js's ServiceDefinition. */
export const adminService = {
  sendCommand: grpcMethod(`${admin}/SendCommand`, SendCommandRequest, SendCommandResponse),
  watchCommand: grpcMethod(`${admin}/WatchCommand`, WatchCommandRequest, WatchCommandResponse, 'response'),
  createEnrolmentToken: grpcMethod(
    `${admin}/CreateEnrolmentToken`,
    CreateEnrolmentTokenRequest,
    CreateEnrolmentTokenResponse,
  ),
  createGatewayToken: grpcMethod(`${admin}/CreateGatewayToken`, CreateGatewayTokenRequest, CreateGatewayTokenResponse),
  listGateways: grpcMethod(`${admin}/ListGateways`, ListGatewaysRequest, ListGatewaysResponse),
  revokeGateway: grpcMethod(`${admin}/RevokeGateway`, RevokeGatewayRequest, RevokeGatewayResponse),
} as const;
