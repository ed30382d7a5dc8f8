"""MQTT 5 as paho sees it: each scenario prints one line, `{"name": …, "saw": …}`. Argument: the broker's port."""
import json
import queue
import sys
import threading

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

PORT = int(sys.argv[1])
PATIENCE = 5


class Client:
    """A connection whose events are waited for one by one."""

    def __init__(self, name, clean=True, will=None, connect=None):
        self.events = queue.Queue()
        self.client = mqtt.Client(client_id=name, protocol=mqtt.MQTTv5)
        self.client.on_connect = lambda _c, _u, flags, code, props: self.events.put(("connect", flags, code, props))
        self.client.on_message = lambda _c, _u, message: self.events.put(("message", message))
        self.client.on_subscribe = lambda _c, _u, _mid, codes, props: self.events.put(("subscribe", codes, props))
        self.client.on_disconnect = lambda _c, _u, code, props=None: self.events.put(("disconnect", code, props))
        if will is not None:
            topic, payload, properties = will
            self.client.will_set(topic, payload, qos=1, properties=properties)
        self.client.connect("127.0.0.1", PORT, clean_start=clean, properties=connect)
        self.client.loop_start()
        _, self.flags, self.code, self.connack = self.take("connect")

    def take(self, kind):
        while True:
            event = self.events.get(timeout=PATIENCE)
            if event[0] == kind:
                return event

    def message(self):
        return self.take("message")[1]

    def messages(self, count):
        return [self.message().payload.decode() for _ in range(count)]

    def nothing(self):
        """Whether no message came; what was published before it has been passed on by then."""
        self.publish("fence/" + self.client._client_id.decode(), "fence")
        try:
            while True:
                event = self.events.get(timeout=0.3)
                if event[0] == "message":
                    return event[1].payload.decode()
        except queue.Empty:
            return None

    def subscribe(self, topic, qos=0, identifier=None, **options):
        properties = Properties(PacketTypes.SUBSCRIBE)
        if identifier is not None:
            properties.SubscriptionIdentifier = identifier
        self.client.subscribe(topic, options=SubscribeOptions(qos=qos, **options), properties=properties)
        return [code.value for code in self.take("subscribe")[1]]

    def publish(self, topic, payload, qos=1, retain=False, **values):
        properties = Properties(PacketTypes.PUBLISH)
        for name, value in values.items():
            setattr(properties, name, value)
        info = self.client.publish(topic, payload, qos=qos, retain=retain, properties=properties)
        info.wait_for_publish(PATIENCE)
        return info

    def end(self, code=None, properties=None):
        self.client.disconnect(reasoncode=code, properties=properties)
        self.client.loop_stop()

    def drop(self):
        """As a power cut does."""
        self.client._sock.close()
        self.client.loop_stop()


def properties(kind, **values):
    found = Properties(kind)
    for name, value in values.items():
        setattr(found, name, value)
    return found


def say(name, saw):
    print(json.dumps({"name": name, "saw": saw}), flush=True)


def connack():
    client = Client("", connect=properties(PacketTypes.CONNECT, RequestResponseInformation=1))
    seen = client.connack.json()
    say("connack", [client.code.value, bool(seen.get("AssignedClientIdentifier")), seen.get("SharedSubscriptionAvailable"),
                    seen.get("TopicAliasMaximum"), seen.get("ReceiveMaximum"), seen.get("MaximumPacketSize")])
    client.end()


def sessions(publisher):
    kept = properties(PacketTypes.CONNECT, SessionExpiryInterval=60)
    first = Client("kept", clean=False, connect=kept)
    present = [first.flags["session present"]]
    first.subscribe("s/#", qos=2)
    first.end()
    for text, qos in (("one", 1), ("two", 2), ("three", 1)):
        publisher.publish("s/1", text, qos=qos)
    second = Client("kept", clean=False, connect=kept)
    present.append(second.flags["session present"])
    came = second.messages(3)
    second.end(properties=properties(PacketTypes.DISCONNECT, SessionExpiryInterval=0))
    third = Client("kept", clean=False)
    present.append(third.flags["session present"])
    third.end()
    say("sessions", [present, came])


def subscriptions(publisher):
    client = Client("overlapping")
    codes = [client.subscribe("o/#", 0, 1), client.subscribe("o/+", 2, 2), client.subscribe("x/" * 30, 1)]
    publisher.publish("o/x", "once", qos=2)
    message = client.message()
    say("overlapping", [codes, message.qos, message.properties.SubscriptionIdentifier, client.nothing()])
    client.end()


def options(publisher):
    publisher.publish("r", "kept", retain=True)
    client = Client("options")
    client.subscribe("r", 1, retainHandling=2, retainAsPublished=True, noLocal=True)
    silent = client.nothing()
    client.subscribe("r", 1, retainHandling=0, retainAsPublished=True, noLocal=True)
    retained = client.message()
    publisher.publish("r", "as published", retain=True)
    as_published = client.message()
    client.publish("r", "own")
    say("options", [silent, retained.payload.decode(), retained.retain, as_published.retain, client.nothing()])
    client.end()


def shared(publisher):
    members = [Client("member%d" % i) for i in range(2)]
    codes = [member.subscribe("$share/g/w/#", 1) for member in members]
    for i in range(8):
        publisher.publish("w/%d" % i, str(i))
    came = [sorted(member.messages(4)) for member in members]
    say("shared", [codes, [len(one) for one in came], sorted(came[0] + came[1])])
    for member in members:
        member.end()


def request(publisher):
    responder, asker = Client("responder"), Client("asker")
    responder.subscribe("ask", 1)
    asker.subscribe("answers/asker", 1)
    asker.publish("ask", "2+2", ResponseTopic="answers/asker", CorrelationData=b"\x00\xff", ContentType="text/plain",
                  PayloadFormatIndicator=1, UserProperty=[("b", "1"), ("a", "2"), ("b", "3")])
    asked = responder.message()
    seen = asked.properties
    responder.publish(seen.ResponseTopic, "4", CorrelationData=seen.CorrelationData)
    answer = asker.message()
    say("request", [seen.ContentType, seen.PayloadFormatIndicator, seen.UserProperty, answer.payload.decode(),
                    list(answer.properties.CorrelationData)])
    responder.end()
    asker.end()


def expiry(publisher):
    client = Client("expiry")
    client.subscribe("e", 1)
    publisher.publish("e", "soon", MessageExpiryInterval=30)
    say("expiry", client.message().properties.MessageExpiryInterval)
    client.end()


def aliases(publisher):
    client = Client("aliases", connect=properties(PacketTypes.CONNECT, TopicAliasMaximum=4))
    client.subscribe("a/#", 1)
    publisher.publish("a/long/topic", "first", TopicAlias=7)
    publisher.publish("", "second", TopicAlias=7)
    # paho hands on what is on the wire: the topic once, then its alias.
    seen = [client.message() for _ in range(2)]
    say("aliases", [[one.topic, one.properties.TopicAlias, one.payload.decode()] for one in seen])
    client.end()


def limits(publisher):
    client = Client("limits", connect=properties(PacketTypes.CONNECT, MaximumPacketSize=60, ReceiveMaximum=1))
    client.subscribe("l", 1)
    publisher.publish("l", "x" * 100)
    publisher.publish("l", "small")
    say("limits", [client.message().payload.decode(), client.nothing()])
    client.end()


def wills(publisher):
    heir = Client("heir")
    heir.subscribe("will", 1)
    text = properties(PacketTypes.WILLMESSAGE, UserProperty=[("a", "b")])
    Client("mortal", will=("will", "dropped", text)).drop()
    first = heir.message()
    Client("mortal", will=("will", "asked for", text)).end(code=mqtt.ReasonCodes(PacketTypes.DISCONNECT, identifier=4))
    second = heir.message()
    Client("mortal", will=("will", "never", text)).end()
    delayed = properties(PacketTypes.WILLMESSAGE, WillDelayInterval=1)
    kept = properties(PacketTypes.CONNECT, SessionExpiryInterval=60)
    Client("late", clean=False, will=("will", "delayed", delayed), connect=kept).drop()
    early = heir.nothing()
    third = heir.message()
    say("wills", [first.payload.decode(), first.properties.UserProperty, second.payload.decode(), early, third.payload.decode()])
    heir.end()


def taken_over(publisher):
    first = Client("same")
    second = Client("same")
    reason = first.take("disconnect")[1]
    first.client.loop_stop()
    say("taken over", reason.value if hasattr(reason, "value") else reason)
    second.end()


if __name__ == "__main__":
    threading.excepthook = lambda args: None
    connack()
    writer = Client("writer")
    for scenario in (sessions, subscriptions, options, shared, request, expiry, aliases, limits, wills, taken_over):
        scenario(writer)
    writer.end()
