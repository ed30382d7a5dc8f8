// The gRPC services for programs beside the gateway, as grpc-js's ServiceDefinition has them.
import { HealthCheckRequest, HealthCheckResponse } from './generated/grpc/health/v1/health.ts';
import { ServerReflectionRequest, ServerReflectionResponse } from './generated/grpc/reflection/v1/reflection.ts';
import {
  GatewaySendCommandRequest,
  GatewaySendCommandResponse,
  GetDeviceRequest,
  GetDeviceResponse,
  GetMeasurementsRequest,
  GetMeasurementsResponse,
  ListDevicesRequest,
  ListDevicesResponse,
  PublishRequest,
  PublishResponse,
  SubscribeRequest,
} from './generated/headgate/v1/gateway.ts';
import { grpcMethod } from './grpc-method.ts';

const gateway = '/headgate.v1.Gateway';
export const gatewayService = {
  publish: grpcMethod(`${gateway}/Publish`, PublishRequest, PublishResponse, 'both'),
  // What a batch of events is on the wire is made once for all who get it.
  subscribe: {
    path: `${gateway}/Subscribe`,
    requestStream: false,
    responseStream: true,
    requestSerialize: (message: SubscribeRequest): Buffer => Buffer.from(SubscribeRequest.encode(message).finish()),
    requestDeserialize: (bytes: Buffer): SubscribeRequest => SubscribeRequest.decode(bytes),
    responseSerialize: (bytes: Buffer): Buffer => bytes,
    responseDeserialize: (bytes: Buffer): Buffer => bytes,
  },
  listDevices: grpcMethod(`${gateway}/ListDevices`, ListDevicesRequest, ListDevicesResponse),
  getDevice: grpcMethod(`${gateway}/GetDevice`, GetDeviceRequest, GetDeviceResponse),
  getMeasurements: grpcMethod(`${gateway}/GetMeasurements`, GetMeasurementsRequest, GetMeasurementsResponse),
  sendCommand: grpcMethod(`${gateway}/SendCommand`, GatewaySendCommandRequest, GatewaySendCommandResponse, 'response'),
} as const;

const health = '/grpc.health.v1.Health';
export const healthService = {
  check: grpcMethod(`${health}/Check`, HealthCheckRequest, HealthCheckResponse),
  watch: grpcMethod(`${health}/Watch`, HealthCheckRequest, HealthCheckResponse, 'response'),
} as const;

/** Tools ask under the name that it had before it was settled, too; the messages are the same. */
export const reflectionServices = ['grpc.reflection.v1', 'grpc.reflection.v1alpha'].map((where) => ({
  serverReflectionInfo: grpcMethod(
    `/${where}.ServerReflection/ServerReflectionInfo`,
    ServerReflectionRequest,
    ServerReflectionResponse,
    'both',
  ),
}));
