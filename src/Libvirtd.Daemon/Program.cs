using Libvirtd.Daemon.Hosting;

return await DaemonProcess.RunAsync(args, ServerComposition.Add).ConfigureAwait(false);
