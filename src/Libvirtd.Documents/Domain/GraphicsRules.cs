namespace Libvirtd.Documents;

/// <summary>
/// Where a remote display listens can be said in the old way, by attributes, and in the new way, by elements; both are always printed and agree.
/// </summary>
internal static class GraphicsRules
{
    public static bool FinishVnc(in Scope scope)
    {
        Node node = scope.Node;
        Node listen = CompleteListens(scope);
        bool automatic = node["port"] is null or "-1";
        if (scope.Raw["autoport"] is "yes" or "no")
            automatic = scope.Raw["autoport"] == "yes";
        string port = node["port"] ?? "0";
        if ((scope.Context.Inactive && automatic) || port == "-1")
            port = "0";
        if (listen["type"] is "address" or "network")
        {
            node["port"] = port != "0" ? port : automatic ? "-1" : null;
            node["autoport"] = automatic ? "yes" : "no";
            node["listen"] = listen["address"];
            node["socket"] = null;
        }
        else
        {
            foreach (string name in (ReadOnlySpan<string>)["port", "autoport", "websocket", "listen"])
                node[name] = null;
            node["socket"] = listen["type"] == "socket" ? listen["socket"] : null;
            HideFromOthers(node, "socket");
        }

        return true;
    }

    public static bool FinishSpice(in Scope scope)
    {
        Node node = scope.Node;
        Node listen = CompleteListens(scope);
        bool automatic = node["autoport"] == "yes" || (node["port"] == "-1" && node["tlsPort"] == "-1");
        if (automatic && scope.Context.Inactive)
        {
            node["port"] = null;
            node["tlsPort"] = null;
        }

        // Nowhere to listen and no leave to choose: upstream turns that into a display that does not listen.
        if (listen["type"] == "address" && !automatic && !node.Has("port") && !node.Has("tlsPort"))
        {
            listen["address"] = null;
            listen["type"] = "none";
        }

        if (listen["type"] is "address" or "network")
        {
            node["autoport"] = automatic ? "yes" : "no";
            node["listen"] = listen["address"];
        }
        else
        {
            foreach (string name in (ReadOnlySpan<string>)["port", "tlsPort", "autoport", "listen"])
                node[name] = null;
            if (listen["type"] == "none")
            {
                // An older host knows it as a display without ports.
                node.SetShown("autoport", "no", Show.OnlyMigratable);
                HideFromOthers(node, "none");
            }
        }

        SortChannels(node);
        return true;
    }

    /// <summary>A way to listen that an older host does not know is left out of what it will read.</summary>
    private static void HideFromOthers(Node node, string type)
    {
        foreach (Node listen in node.ChildList)
        {
            if (listen.Name == "listen" && listen["type"] == type && (type == "none" || listen.Has("socket")))
                listen.Show |= Show.NotMigratable;
        }
    }

    public static bool FinishRdp(in Scope scope)
    {
        Node node = scope.Node;
        Node listen = CompleteListens(scope);
        if (node["port"] is null or "-1")
        {
            node["autoport"] = "yes";
            node["port"] = null;
        }

        if (node["autoport"] == "yes" && scope.Context.Inactive)
            node["port"] = null;
        if (node["port"] is null or "0")
            node["port"] = node["autoport"] == "yes" ? "0" : null;
        node["listen"] = listen["address"];
        return true;
    }

    /// <summary>Makes sure of a first listen element, taking from the old attributes what it lacks; returns it.</summary>
    private static Node CompleteListens(in Scope scope)
    {
        Node node = scope.Node;
        string? oldAddress = string.IsNullOrEmpty(scope.Raw["listen"]) ? null : scope.Raw["listen"];
        string? oldSocket = node["type"] == "vnc" ? scope.Raw["socket"] : null;
        if (node.Child("listen") is not { } listen)
        {
            listen = new Node("listen", node.Schema!.FindChild("listen"));
            listen.Append("type", oldSocket is null ? "address" : "socket");
            listen[oldSocket is null ? "address" : "socket"] = oldSocket ?? oldAddress;
            return node.Add(listen);
        }

        if (listen["type"] == "address")
        {
            if (listen["address"] is { } address && oldAddress is not null && address != oldAddress)
            {
                throw Fault.Unsupported(scope.Context.Domain,
                    $"graphics 'listen' attribute '{oldAddress}' must match 'address' attribute of first listen element (found '{address}')");
            }

            listen["address"] ??= oldAddress;
        }

        if (listen["type"] == "socket")
        {
            if (listen["socket"] is { } socket && oldSocket is not null && socket != oldSocket)
            {
                throw Fault.Unsupported(scope.Context.Domain,
                    $"graphics 'socket' attribute '{oldSocket}' must match 'socket' attribute of first listen element (found '{socket}')");
            }

            listen["socket"] ??= oldSocket;
        }
        else if (oldSocket is not null && listen["type"] is "address" or "network")
        {
            listen["address"] = null;
            listen["network"] = null;
            listen["type"] = "socket";
            listen["socket"] = oldSocket;
        }

        return listen;
    }

    /// <summary>The channels are a table by name: printed in its order, the last word on each, and "any" is silence.</summary>
    private static void SortChannels(Node node)
    {
        Node[] channels = node.All("channel").ToArray();
        if (channels.Length == 0)
            return;
        node.RemoveAll("channel");
        foreach (string name in (ReadOnlySpan<string>)["main", "display", "inputs", "cursor", "playback", "record", "smartcard", "usbredir"])
        {
            if (Array.FindLast(channels, channel => channel["name"] == name) is { } last && last["mode"] != "any")
                node.Add(last);
        }
    }
}
