"""What paho's Python client finds when it talks to a broker: paho_client.py PORT 31|311|5.

Each scenario is a function; the first failed assertion ends the program with a traceback.
"""

import queue
import sys
import threading
import time

import paho.mqtt.client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

PORT = int(sys.argv[1])
VERSION = {"31": paho.MQTTv31, "311": paho.MQTTv311, "5": paho.MQTTv5}[sys.argv[2]]
V5 = VERSION == paho.MQTTv5
PATIENCE = 10


def properties(kind, **values):
    result = Properties(kind)
    for name, value in values.items():
        setattr(result, name, value)
    return result


class Peer:
    """A connected client whose callbacks have become queues."""

    def __init__(self, name, durable=False, will=None, options=None):
        self.messages, self.subscribed, self.published = queue.Queue(), queue.Queue(), queue.Queue()
        self.connected, self.disconnected = queue.Queue(), queue.Queue()
        clean = {} if V5 else {"clean_session": not durable}
        self.client = paho.Client(name, protocol=VERSION, reconnect_on_failure=False, **clean)
        self.client.on_message = lambda client, data, message: self.messages.put(message)
        self.client.on_publish = lambda client, data, mid: self.published.put(mid)
        self.client.on_disconnect = lambda client, data, *rest: self.disconnected.put(rest)
        if V5:
            self.client.on_connect = lambda c, d, flags, code, props: self.connected.put(
                (flags, code.value, props))
            self.client.on_subscribe = lambda c, d, mid, codes, props: self.subscribed.put(
                [code.value for code in codes])
        else:
            self.client.on_connect = lambda c, d, flags, code: self.connected.put((flags, code, None))
            self.client.on_subscribe = lambda c, d, mid, codes: self.subscribed.put(list(codes))
        if will:
            self.client.will_set(**will)
        arguments = {}
        if V5:
            arguments["clean_start"] = not durable
            kept = {"SessionExpiryInterval": 60} if durable else {}
            arguments["properties"] = properties(PacketTypes.CONNECT, **kept, **(options or {}))
        self.client.connect("127.0.0.1", PORT, 60, **arguments)
        self.client.loop_start()
        self.flags, code, self.connack = self.connected.get(timeout=PATIENCE)
        assert code == 0, code

    def subscribe(self, topic, qos=0, **arguments):
        self.client.subscribe(topic, qos, **arguments)
        return self.subscribed.get(timeout=PATIENCE)

    def publish(self, topic, payload, qos=0, **arguments):
        info = self.client.publish(topic, payload, qos, **arguments)
        info.wait_for_publish(PATIENCE)
        assert info.is_published()

    def next(self):
        return self.messages.get(timeout=PATIENCE)

    def nothing_more(self, sender, topic):
        """A message sent now is the next to arrive: nothing was before it."""
        sender.publish(topic, b"fence")
        assert self.next().payload == b"fence"

    def leave(self):
        self.client.disconnect()
        self.client.loop_stop()

    def vanish(self):
        """The network is gone, without a DISCONNECT."""
        self.client.loop_stop()
        self.client.socket().close()


def every_qos():
    pub, sub = Peer("pub"), Peer("sub")
    for granted in (0, 1, 2):
        assert sub.subscribe("qos/#", granted) == [granted]
        for sent in (0, 1, 2):
            pub.publish(f"qos/{sent}", f"{sent} {granted}", sent)
            message = sub.next()
            assert message.topic == f"qos/{sent}" and message.qos == min(sent, granted)
            assert message.payload.decode() == f"{sent} {granted}" and not message.retain
    pub.leave()
    sub.leave()


def many_in_flight():
    pub, sub = Peer("pub"), Peer("sub")
    sub.subscribe("many", 2)
    pub.client.max_inflight_messages_set(100)
    for qos in (1, 2):
        infos = [pub.client.publish("many", str(i), qos) for i in range(500)]
        for info in infos:
            info.wait_for_publish(PATIENCE)
        assert [int(sub.next().payload) for _ in infos] == list(range(500))
    pub.leave()
    sub.leave()


def large_payload():
    pub, sub = Peer("pub"), Peer("sub")
    sub.subscribe("large", 1)
    payload = bytes(range(256)) * 8192
    pub.publish("large", payload, 1)
    assert sub.next().payload == payload
    pub.leave()
    sub.leave()


def retained():
    pub = Peer("pub")
    pub.publish("kept/a", "one", 1, retain=True)
    sub = Peer("sub")
    sub.subscribe("kept/+", 1)
    message = sub.next()
    assert message.retain and message.payload == b"one"
    pub.publish("kept/a", "", 1, retain=True)
    assert not sub.next().retain
    late = Peer("late")
    late.subscribe("kept/+", 1)
    late.nothing_more(pub, "kept/b")
    for peer in (pub, sub, late):
        peer.leave()


def wildcards():
    pub, sub = Peer("pub"), Peer("sub")
    sub.subscribe("+/b/#")
    for topic in ("x/a/c", "x/b", "/b/c/d", "x/b/c"):
        pub.publish(topic, topic)
    assert [sub.next().topic for _ in range(3)] == ["x/b", "/b/c/d", "x/b/c"]
    sub.client.unsubscribe("+/b/#")
    # `#` must not bring the $SYS topics, which are retained.
    sub.subscribe("#")
    sub.nothing_more(pub, "fence")
    pub.leave()
    sub.leave()


def will():
    sub = Peer("sub")
    sub.subscribe("will/#", 1)
    orderly = Peer("orderly", will={"topic": "will/orderly", "payload": "no"})
    lost = Peer("lost", will={"topic": "will/lost", "payload": "yes", "qos": 1})
    orderly.leave()
    lost.vanish()
    message = sub.next()
    assert message.topic == "will/lost" and message.payload == b"yes" and message.qos == 1
    sub.leave()


def durable_session():
    pub, sub = Peer("pub"), Peer("durable", durable=True)
    assert sub.flags["session present"] == 0
    sub.subscribe("later", 2)
    sub.leave()
    for i in range(100):
        pub.publish("later", str(i), 1 if i < 50 else 2)
    # Only the callbacks of a new client object can tell what a resumed session brings.
    again = Peer("durable", durable=True)
    if VERSION != paho.MQTTv31:
        assert again.flags["session present"] == 1
    assert [int(again.next().payload) for _ in range(100)] == list(range(100))
    again.leave()
    Peer("durable").leave()  # a clean start ends the session
    pub.leave()


def forwarded_properties():
    pub, sub = Peer("pub"), Peer("sub")
    sub.client.subscribe("props", options=SubscribeOptions(qos=1),
                         properties=properties(PacketTypes.SUBSCRIBE, SubscriptionIdentifier=4711))
    sub.subscribed.get(timeout=PATIENCE)
    sent = {"ContentType": "text/plain", "CorrelationData": bytes(range(256)), "ResponseTopic": "r",
            "PayloadFormatIndicator": 1, "MessageExpiryInterval": 100,
            "UserProperty": [("b", "2"), ("a", "1"), ("b", "1")]}
    pub.publish("props", "x", 1, properties=properties(PacketTypes.PUBLISH, **sent))
    got = sub.next().properties
    for name, value in sent.items():
        assert getattr(got, name) == value, (name, getattr(got, name))
    assert got.SubscriptionIdentifier == [4711]
    pub.leave()
    sub.leave()


def subscription_options():
    pub, sub = Peer("pub"), Peer("sub")
    pub.publish("opt/kept", "kept", 1, retain=True)
    sub.subscribe("opt/#", options=SubscribeOptions(
        qos=1, noLocal=True, retainAsPublished=True,
        retainHandling=SubscribeOptions.RETAIN_DO_NOT_SEND))
    sub.publish("opt/mine", "mine", 1)
    pub.publish("opt/other", "other", 1, retain=True)
    message = sub.next()
    assert message.topic == "opt/other" and message.retain
    for topic in ("opt/kept", "opt/other"):
        pub.publish(topic, "", 1, retain=True)
    pub.leave()
    sub.leave()


def shared_subscription():
    pub, members = Peer("pub"), [Peer(f"member{i}") for i in range(4)]
    for member in members:
        member.subscribe("$share/group/jobs/#", 1)
    for i in range(400):
        pub.publish("jobs/x", str(i), 1)
    deadline = time.monotonic() + PATIENCE
    while sum(member.messages.qsize() for member in members) < 400:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert all(member.messages.qsize() >= 50 for member in members)
    got = [int(member.messages.get().payload) for member in members
           for _ in range(member.messages.qsize())]
    assert sorted(got) == list(range(400))
    for peer in (pub, *members):
        peer.leave()


def topic_alias():
    pub, sub = Peer("pub"), Peer("sub")
    assert pub.connack.TopicAliasMaximum >= 1
    sub.subscribe("long/topic/name", 1)
    alias = properties(PacketTypes.PUBLISH, TopicAlias=1)
    pub.publish("long/topic/name", "1", 1, properties=alias)
    pub.publish("", "2", 1, properties=alias)
    assert [sub.next().payload for _ in range(2)] == [b"1", b"2"]
    pub.leave()
    sub.leave()


def takeover():
    first = Peer("same")
    second = Peer("same")
    first.disconnected.get(timeout=PATIENCE)
    first.client.loop_stop()
    second.leave()


def assigned_identifier():
    peers = [Peer("") for _ in range(3)]
    names = {peer.connack.AssignedClientIdentifier for peer in peers}
    assert len(names) == 3 and all(names)
    for peer in peers:
        peer.leave()


def concurrent_clients():
    sub = Peer("sub")
    sub.subscribe("crowd/#", 1)
    failures = []

    def one(number):
        try:
            peer = Peer(f"crowd{number}")
            for i in range(50):
                peer.publish(f"crowd/{number}", str(i), 1)
            peer.leave()
        except Exception as error:  # reported by the main thread
            failures.append(error)

    threads = [threading.Thread(target=one, args=(n,)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures
    per_topic = {}
    for _ in range(20 * 50):
        message = sub.next()
        per_topic.setdefault(message.topic, []).append(int(message.payload))
    assert len(per_topic) == 20 and all(got == list(range(50)) for got in per_topic.values())
    sub.leave()


scenarios = [every_qos, many_in_flight, large_payload, retained, wildcards, will, durable_session,
             concurrent_clients]
if V5:
    scenarios += [forwarded_properties, subscription_options, shared_subscription, topic_alias,
                  takeover, assigned_identifier]
for scenario in scenarios:
    print(scenario.__name__, flush=True)
    scenario()
