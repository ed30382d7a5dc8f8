"""Asks a gateway over gRPC, by Google's own library: one JSON request a line on standard input, one JSON answer a line.

usage: grpc_client.py DESCRIPTORS HOST:PORT [CA]
DESCRIPTORS is a file with a google.protobuf.FileDescriptorSet; CA one with the authority (PEM) for TLS.
"""
import json
import sys
import threading

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory



def dial(address, ca=None):
    if ca is None:
        return grpc.insecure_channel(address)
    with open(ca, "rb") as authority:
        return grpc.secure_channel(address, grpc.ssl_channel_credentials(authority.read()))


channel = dial(*sys.argv[2:])
pool = descriptor_pool.DescriptorPool()
messages = message_factory.MessageFactory(pool)


def add(files):
    """Adds files to the pool, what others import first."""
    left = {one.name: one for one in files}
    while left:
        ready = [name for name, one in left.items() if not any(imported in left for imported in one.dependency)]
        for name in ready:
            pool.Add(left.pop(name))


def ask(path, requests, metadata=None):
    _, service, method = path.split("/")
    found = pool.FindServiceByName(service).FindMethodByName(method)
    proto = descriptor_pb2.MethodDescriptorProto()
    found.CopyToProto(proto)
    request_type = messages.GetPrototype(found.input_type)
    response_type = messages.GetPrototype(found.output_type)
    options = dict(request_serializer=request_type.SerializeToString, response_deserializer=response_type.FromString)
    sent = [json_format.ParseDict(one, request_type()) for one in requests]
    argument = iter(sent) if proto.client_streaming else sent[0]
    kind = ("stream" if proto.client_streaming else "unary", "stream" if proto.server_streaming else "unary")
    call = getattr(channel, "_".join(kind))(path, **options)(argument, metadata=metadata, timeout=60)
    if proto.server_streaming:
        yield from call
    else:
        yield call


def failure(error):
    trailing = {key: value for key, value in error.trailing_metadata() or () if not key.endswith("-bin")}
    return {"status": error.code().name, "details": error.details(), "trailing": trailing}


with open(sys.argv[1], "rb") as descriptors:
    add(descriptor_pb2.FileDescriptorSet.FromString(descriptors.read()).file)
def answer(asked):
    """Answers a line with a line; of a call that is followed, each answer is a line as it comes."""
    answers = []
    name = asked.get("follow")
    try:
        for response in ask(asked["path"], asked["requests"], asked.get("metadata")):
            found = json_format.MessageToDict(response)
            if name is not None:
                say({"follow": name, "answer": found})
                continue
            answers.append(found)
            if len(answers) >= asked.get("take", 1_000_000):
                break
        say({"follow": name, "answers": answers})
    except grpc.RpcError as error:
        say({"follow": name, "answers": answers, "failure": failure(error)})


def say(what):
    with speaking:
        print(json.dumps(what), flush=True)


speaking = threading.Lock()
for line in sys.stdin:
    asked = json.loads(line)
    if "follow" in asked:
        threading.Thread(target=answer, args=(asked,), daemon=True).start()
    else:
        answer(asked)
