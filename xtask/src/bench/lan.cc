// The peer of `cargo xtask bench --ns3`: the same networks in ns-3, built with its own CSMA devices and bridges.
//
//   lan N MICROSECONDS   N hosts on one switch, each of which pings every other, SPREAD microseconds apart
//   storm MILLISECONDS   one broadcast in a ring of three switches, each with a host
//
// Prints the frames that were put on a wire, and the CPU seconds of the run alone, without the building of the network.

#include "ns3/bridge-module.h"
#include "ns3/core-module.h"
#include "ns3/csma-module.h"
#include "ns3/internet-module.h"
#include "ns3/network-module.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sys/resource.h>
#include <vector>

using namespace ns3;

static uint64_t frames = 0;

static void CountFrame(Ptr<const Packet>) { frames++; }

static double CpuSeconds()
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_utime.tv_sec + usage.ru_stime.tv_sec + (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/// A cable of its own between two nodes; returns both devices.
static NetDeviceContainer Cable(Ptr<Node> a, Ptr<Node> b, const char* rate)
{
    CsmaHelper csma;
    csma.SetChannelAttribute("DataRate", StringValue(rate));
    csma.SetChannelAttribute("Delay", TimeValue(NanoSeconds(500)));
    NetDeviceContainer devices = csma.Install(NodeContainer(a, b));
    for (uint32_t i = 0; i < devices.GetN(); i++)
    {
        devices.Get(i)->TraceConnectWithoutContext("PhyTxEnd", MakeCallback(&CountFrame));
    }
    return devices;
}

static void Drain(Ptr<Socket> socket)
{
    while (socket->Recv())
    {
    }
}

/// Echo requests to every other host, one after another.
static void Ping(Ptr<Socket> socket, uint32_t own, uint32_t next, uint32_t hosts, Time spread)
{
    if (next == own)
    {
        next++;
    }
    if (next >= hosts)
    {
        return;
    }
    Ptr<Packet> packet = Create<Packet>(56);
    Icmpv4Echo echo;
    echo.SetIdentifier(own);
    echo.SetSequenceNumber(next);
    echo.SetData(packet);
    packet = Create<Packet>();
    packet->AddHeader(echo);
    Icmpv4Header header;
    header.SetType(Icmpv4Header::ICMPV4_ECHO);
    header.SetCode(0);
    packet->AddHeader(header);
    uint32_t address = (10u << 24) + 1 + next;
    socket->SendTo(packet, 0, InetSocketAddress(Ipv4Address(address), 0));
    Simulator::Schedule(spread, &Ping, socket, own, next + 1, hosts, spread);
}

static void Lan(uint32_t hosts, double spread)
{
    Ptr<Node> bridge = CreateObject<Node>();
    NodeContainer nodes;
    nodes.Create(hosts);
    NetDeviceContainer cards;
    NetDeviceContainer ports;
    for (uint32_t i = 0; i < hosts; i++)
    {
        NetDeviceContainer devices = Cable(nodes.Get(i), bridge, "1Gbps");
        cards.Add(devices.Get(0));
        ports.Add(devices.Get(1));
    }
    BridgeHelper().Install(bridge, ports);
    Config::SetDefault("ns3::ArpL3Protocol::RequestJitter", StringValue("ns3::ConstantRandomVariable[Constant=0]"));
    InternetStackHelper stack;
    stack.SetIpv6StackInstall(false);
    stack.Install(nodes);
    Ipv4AddressHelper addresses;
    addresses.SetBase("10.0.0.0", "255.255.0.0");
    addresses.Assign(cards);
    for (uint32_t i = 0; i < hosts; i++)
    {
        Ptr<Socket> socket = Socket::CreateSocket(nodes.Get(i), Ipv4RawSocketFactory::GetTypeId());
        socket->SetAttribute("Protocol", UintegerValue(1));
        socket->SetRecvCallback(MakeCallback(&Drain));
        Simulator::Schedule(MicroSeconds(1), &Ping, socket, i, 0u, hosts, NanoSeconds(uint64_t(spread * 1000)));
    }
}

static void Shout(Ptr<NetDevice> card)
{
    card->Send(Create<Packet>(46), card->GetBroadcast(), 0x88b5);
}

static void Storm()
{
    NodeContainer hosts;
    NodeContainer bridges;
    hosts.Create(3);
    bridges.Create(3);
    NetDeviceContainer ports[3];
    Ptr<NetDevice> first;
    for (uint32_t i = 0; i < 3; i++)
    {
        NetDeviceContainer devices = Cable(hosts.Get(i), bridges.Get(i), "100Mbps");
        ports[i].Add(devices.Get(1));
        if (i == 0)
        {
            first = devices.Get(0);
        }
        NetDeviceContainer ring = Cable(bridges.Get(i), bridges.Get((i + 1) % 3), "100Mbps");
        ports[i].Add(ring.Get(0));
        ports[(i + 1) % 3].Add(ring.Get(1));
    }
    for (uint32_t i = 0; i < 3; i++)
    {
        BridgeHelper().Install(bridges.Get(i), ports[i]);
    }
    Simulator::Schedule(MicroSeconds(1), &Shout, first);
}

int main(int argc, char** argv)
{
    if (argc == 4 && !std::strcmp(argv[1], "lan"))
    {
        Lan(std::atoi(argv[2]), std::atof(argv[3]));
        Simulator::Stop(Seconds(20));
    }
    else if (argc == 3 && !std::strcmp(argv[1], "storm"))
    {
        Storm();
        Simulator::Stop(MilliSeconds(std::atoi(argv[2])));
    }
    else
    {
        std::fprintf(stderr, "usage: %s lan HOSTS MICROSECONDS | storm MILLISECONDS\n", argv[0]);
        return 2;
    }
    double before = CpuSeconds();
    Simulator::Run();
    std::printf("%llu %.6f\n", (unsigned long long)frames, CpuSeconds() - before);
    Simulator::Destroy();
    return 0;
}
